"""Where in an aligned face the synthesised one is pasted: face maps of several images, joined into one soft mask."""

import math
from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import PackError
from riddle_pl.networks.bisenet import IMAGENET_MEAN, IMAGENET_STD
from riddle_pl.networks.resize import resize
from riddle_pl.packs import Pack, load_pack
from riddle_pl.photos.paste.flood import flooded, without_holes

CELEBA_FACE = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
"""Skin, nose, glasses, eyes, brows, ears, mouth and lips in the order of ``parsenet.pth`` (CelebAMask-HQ)."""
BISENET_FACE = (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13)
"""The same in the order of ``79999_iter.pth``."""
BISENET_EARLESS = tuple(kind for kind in BISENET_FACE if kind not in (7, 8))
"""The same without ears."""
MAX_SIDE = 256
"""Parsers see images of at most this side; a mask is smoother than that."""

GROW = 0.01
FEATHER = 0.02
"""Shares of the square's side: how far the mask reaches beyond the face, and the deviation of the blur of its edge."""
NEAR = 0.05
"""How far beyond the photo's own map another one is followed."""
HOLE = 0.02
"""Gaps up to twice as wide belong to the face; so do holes of any size (brows that count as hair)."""
CORE_CENTRE, CORE_RADII = (0.5, 0.6), (0.17, 0.22)
"""An ellipse over eyes, nose and mouth of an FFHQ crop (x, y in shares of the side) that every mask covers."""
SOLID = 0.8
"""Share of the way from the centre to the square's sides within which the mask is not limited."""
NOTHING = 1 / 512
"""Weights below half a grey level of the largest difference are set to 0, so that the mask ends somewhere."""


class FaceMap(Protocol):
    """Tells which part of an aligned image is face."""

    @property
    def size(self) -> int:
        """Side of the maps in pixels."""
        ...

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 1 m m"]:
        """Share of face in [0, 1] of images in [-1, 1] of any side."""
        ...


class NetworkMap(ABC):
    """By a network of the pack, which tells classes apart.

    Args:
        pack: has the network.
        device: where it runs.
    """

    role: ClassVar[str]
    """Of the network in the pack."""
    face: ClassVar[tuple[int, ...]]
    """The classes that are face."""
    glasses: ClassVar[int]
    """The class of glasses, lenses and all."""

    def __init__(self, pack: Pack, device: torch.device | str = "cpu"):
        self.pack = pack
        self.device = torch.device(device)

    def check(self) -> None:
        """Verifies the network's file.

        Raises:
            PackError: it is missing or another one.
        """
        self.pack.check(self.role)

    @cached_property
    def _network(self) -> nn.Module:
        return self.pack.load(self.role).to(self.device)

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 1 m m"]:
        return self.classes(x)[:, self.face].sum(dim=1, keepdim=True)

    @abstractmethod
    def classes(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b c m m"]:
        """Probabilities of all that the network knows."""


class ParserMap(NetworkMap):
    """By the pack's face parser, which has the classes of CelebAMask-HQ; see :class:`NetworkMap`."""

    role = "parser"
    face = CELEBA_FACE
    glasses = 3

    @property
    def size(self) -> int:
        return self.parsed_size

    @cached_property
    def parsed_size(self) -> int:
        """Of the faces that the parser was trained on: those of the pack whose file it is."""
        owner = self.pack.entry("parser").pack
        return min(self.pack.size if owner is None else load_pack(owner).size, MAX_SIDE)

    @torch.no_grad()
    def classes(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b c m m"]:
        logits: Tensor = self._network(resize(x, (self.parsed_size, self.parsed_size)).to(self.device))
        if logits.shape[1] <= max(CELEBA_FACE):
            raise PackError(
                f"pack {self.pack.name}: parser knows {logits.shape[1]} classes, not the 19 of CelebAMask-HQ; "
                "choose mask=oval"
            )
        return logits.softmax(dim=1).cpu()


class BiSeNetMap(NetworkMap):
    """By BiSeNet: far finer than the small parsers of the packs, and it knows glasses, necks and hats.

    See :class:`NetworkMap`.
    """

    role = "face_mask"
    face = BISENET_FACE
    glasses = 6
    size = 512

    @torch.no_grad()
    def classes(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 19 m m"]:
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
        unit = (resize(x, (self.size, self.size)) + 1.0) / 2.0
        logits: Tensor = self._network(((unit - mean) / std).to(self.device))
        return logits.softmax(dim=1).cpu()


class OvalMap:
    """The same superellipse for every image: face with chin, ears and hairline of an FFHQ crop. Needs no network.

    Args:
        size: side of the map in pixels.
    """

    def __init__(self, size: int = 64):
        self.size = size

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 1 m m"]:
        return (_radius(self.size) <= SOLID).float().expand(len(x), 1, -1, -1)


def join_maps(
    face: Float[Tensor, "b 1 m m"],
    more: Float[Tensor, "b 1 m m"] | None = None,
    grow: float = GROW,
) -> Float[Tensor, "b 1 m m"]:
    """The soft mask of a pasted face: its map and a core, grown, the edge blurred.

    It is 1 over the face, falls smoothly, and is exactly 0 at the sides of the square and beyond its reach. It is one
    region around the core: what a map calls face elsewhere in the square is another's, or none.

    Args:
        face: map of the face in the photo.
        more: another map that is followed as far as ``NEAR`` beyond the first.
        grow: how far it reaches beyond the maps, as a share of the side.
    """
    size = face.shape[-1]
    union = torch.maximum((face > 0.5).float(), core(size).expand_as(face))
    if more is not None:
        union = torch.maximum(union, torch.minimum((more > 0.5).float(), widen(union, round(NEAR * size))))
    reach = round((grow + FEATHER) * size)  # the middle of the blurred edge
    closed = shrink(widen(one_whole(union), reach + round(HOLE * size)), round(HOLE * size))
    soft = blur(closed, FEATHER * size) * fade(size)
    return torch.where(soft < NOTHING, torch.zeros_like(soft), soft)


def blur(x: Float[Tensor, "b c h w"], deviation: float) -> Float[Tensor, "b c h w"]:
    """Gaussian blur; beyond the border the image is continued by its outermost pixels."""
    from kornia.filters import gaussian_blur2d  # slow to import

    side = 2 * math.ceil(3 * deviation) + 1
    blurred: Tensor = gaussian_blur2d(x, (side, side), (deviation, deviation), border_type="replicate")
    return blurred


def one_whole(x: Float[Tensor, "b 1 m m"]) -> Float[Tensor, "b 1 m m"]:
    """What hangs together with the core, without holes."""
    seed = core(x.shape[-1])[0, 0] > 0
    return torch.stack([without_holes(flooded(seed, mask)) for mask in x[:, 0] > 0])[:, None].to(x)


def whole_face(face: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 1 m m"]:
    """1 where a map sees the face, or the core is, in one piece; else 0."""
    return one_whole(torch.maximum((face > 0.5).float(), core(face.shape[-1])))


def widen(x: Float[Tensor, "b 1 m m"], by: int) -> Float[Tensor, "b 1 m m"]:
    rows = F.max_pool2d(x, (1, 2 * by + 1), 1, (0, by))
    return F.max_pool2d(rows, (2 * by + 1, 1), 1, (by, 0))


def shrink(x: Float[Tensor, "b 1 m m"], by: int) -> Float[Tensor, "b 1 m m"]:
    return -widen(-x, by)


def _centred(size: int) -> Float[Tensor, "size"]:
    return (torch.arange(size) + 0.5) / size * 2.0 - 1.0


def _radius(size: int) -> Float[Tensor, "1 1 size size"]:
    """r of the superellipse |u|^4 + |v|^4 = r^4, u and v from -1 to 1; 1 at the middle of the sides."""
    u = _centred(size)
    radius: Tensor = (u[None, :] ** 4 + u[:, None] ** 4) ** 0.25
    return radius[None, None]


def fade(size: int, solid: float = SOLID) -> Float[Tensor, "1 1 size size"]:
    """1 within ``solid`` of the way from the centre to the sides, 0 at the sides."""
    end = max(0.97, (1.0 + solid) / 2)
    t = ((end - _radius(size)) / (end - solid)).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def core(size: int) -> Float[Tensor, "1 1 size size"]:
    u = (torch.arange(size) + 0.5) / size
    x, y = (u - CORE_CENTRE[0]) / CORE_RADII[0], (u - CORE_CENTRE[1]) / CORE_RADII[1]
    return (x[None, :] ** 2 + y[:, None] ** 2 <= 1.0).float()[None, None]
