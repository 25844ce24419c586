"""What of an aligned picture is face, and what of the face is plain skin: by the pack's best parser."""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.packs import Pack
from riddle_pl.photos.paste.doubt import certain_classes
from riddle_pl.photos.paste.glasses import standing_out
from riddle_pl.photos.paste.guided import guided_filter
from riddle_pl.photos.paste.mask import BISENET_EARLESS, BiSeNetMap, NetworkMap, ParserMap, core

MOUTH = 0.68
"""Where the upper lip is taken to be if no mouth is seen, as a share of the side."""
ABOVE = 0.015
"""How far above the upper lip plain skin ends, as a share of the side."""


class Regions(NamedTuple):
    """Shares in [0, 1] of an aligned picture.

    Attributes:
        face: skin with a beard, brows, eyes, glasses, nose and mouth; no ears, hair, hat or neck, and no glasses that
            stand out from the head.
        features: eyes, brows and mouth with lips.
        skin: cheeks, forehead and nose, and the chin where no beard grows.
        beard: the part of a beard that hangs before the neck.
        parts: eyes, brows, nose and mouth in the middle, of a face that is large enough to be one: they tell it from
            what looks like one, and from a neighbour's before it; everywhere, if the parser does not tell them
            reliably.
        glasses: what of them stands out from the head.
    """

    face: Float[Tensor, "b 1 m m"]
    features: Float[Tensor, "b 1 m m"]
    skin: Float[Tensor, "b 1 m m"]
    beard: Float[Tensor, "b 1 m m"]
    parts: Float[Tensor, "b 1 m m"]
    glasses: Float[Tensor, "b 1 m m"]


class RegionParser(Protocol):
    """Finds the regions of images in [-1, 1] of any side.

    Attributes:
        parser: tells the classes of pixels.
        size: side of the regions in pixels.
        detail: half side of the windows in which a mask is brought to the photo's edges, as a share of the side: about
            how far beside an edge the parser may lie.
    """

    parser: NetworkMap
    size: int
    detail: float

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Regions: ...


def region_parser(pack: Pack, device: torch.device | str = "cpu") -> RegionParser:
    """By BiSeNet where the pack has it as ``face_mask``, else by its own small parser. Loads nothing yet."""
    return BiSeNetRegions(pack, device) if BiSeNetMap.role in pack.roles else ParserRegions(pack, device)


class BiSeNetRegions:
    """By BiSeNet, asked again where its answer is doubtful (:mod:`riddle_pl.photos.paste.doubt`)."""

    size = BiSeNetMap.size
    detail = 0.016

    FACE, EYES, SKIN, LIPS, NECK = BISENET_EARLESS, (2, 3, 4, 5), (1, 10), (11, 12, 13), (14,)
    """Classes of ``79999_iter.pth``; ``EYES`` includes the brows."""
    PARTS, GLASSES = (2, 3, 4, 5, 10, 11, 12, 13), (BiSeNetMap.glasses,)
    LEAST = 0.14
    """Share of the square that a face fills at least: in less, what looks like eyes or a mouth is a reflection. Faces
    of 64 people of LFW fill 0.24 and more."""
    DARKER = 0.3
    """By how much the lower face of a bearded person is darker than the skin above, in [-1, 1]."""

    def __init__(self, pack: Pack, device: torch.device | str = "cpu"):
        self.parser: NetworkMap = BiSeNetMap(pack, device)

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Regions:
        classes = certain_classes(self.parser.classes, x)
        face, features, skin, lips, neck, parts, worn = (
            _of(classes, kinds)
            for kinds in (self.FACE, self.EYES + self.LIPS, self.SKIN, self.LIPS, self.NECK, self.PARTS, self.GLASSES)
        )
        parts = parts * core(self.size) * ((face > 0.5).float().mean(dim=(1, 2, 3), keepdim=True) >= self.LEAST)
        above = _above(lips)
        light = resized(x, self.size).mean(dim=1, keepdim=True)
        upper, lower = (_mean(light, skin * rows > 0.5) for rows in (above, 1.0 - above))
        bearded = upper - lower > self.DARKER
        beard = neck * (light < (upper + lower) / 2) * bearded
        glasses = torch.cat([standing_out(*pair) for pair in zip(face.split(1), worn.split(1), strict=True)])
        skin = torch.where(bearded, skin * above, skin)
        return Regions(face * (1.0 - glasses), features, skin, beard, parts, glasses)


class ParserRegions:
    """By the pack's face parser, brought to the edges of the picture. It takes beards for hair, and lamps for faces."""

    size = 256
    detail = 0.035

    FACE, EYES, SKIN, LIPS, HAIR = (1, 2, 3, 4, 5, 6, 7, 10, 11, 12), (4, 5, 6, 7), (1, 2), (10, 11, 12), (13,)
    """Classes of CelebAMask-HQ; ``EYES`` includes the brows."""
    BEARD_CENTRE, BEARD_RADII = (0.5, 0.75), (0.24, 0.2)
    """An ellipse around mouth and chin, in shares of the side, in which hair is beard, and belongs to the face."""
    SMOOTHNESS = 0.002
    """Variance of colours in [-1, 1], for the guided filter."""

    def __init__(self, pack: Pack, device: torch.device | str = "cpu"):
        self.parser: NetworkMap = ParserMap(pack, device)

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Regions:
        classes = self.parser.classes(x)
        kinds = torch.cat(
            [_of(classes, kinds) for kinds in (self.FACE, self.EYES + self.LIPS, self.SKIN, self.LIPS, self.HAIR)],
            dim=1,
        )
        half, picture = resized(kinds, self.size // 2), resized(x, self.size)
        fine = guided_filter(half, picture, round(self.detail * self.size / 2), self.SMOOTHNESS).clamp(0.0, 1.0)
        face, features, skin, lips, hair = fine.split(1, dim=1)
        return Regions(
            face=torch.maximum(face, hair * self._beard()),
            features=features,
            skin=skin * _above(lips),
            beard=torch.zeros_like(face),
            parts=torch.ones_like(face),
            glasses=torch.zeros_like(face),
        )

    def _beard(self) -> Float[Tensor, "1 1 m m"]:
        u = (torch.arange(self.size) + 0.5) / self.size
        x, y = ((u - middle) / radius for middle, radius in zip(self.BEARD_CENTRE, self.BEARD_RADII, strict=True))
        return (x[None, :] ** 2 + y[:, None] ** 2 <= 1.0).float()[None, None]


def resized(x: Float[Tensor, "b c h h"], size: int) -> Float[Tensor, "b c size size"]:
    """Bilinear, with antialiasing."""
    return F.interpolate(x, (size, size), mode="bilinear", antialias=True, align_corners=False)


def _mean(light: Float[Tensor, "b 1 m m"], region: Bool[Tensor, "b 1 m m"]) -> Float[Tensor, "b 1 1 1"]:
    total = (light * region).sum(dim=(1, 2, 3), keepdim=True)
    return total / region.sum(dim=(1, 2, 3), keepdim=True).clamp_min(1)


def _of(classes: Float[Tensor, "b c m m"], kinds: tuple[int, ...]) -> Float[Tensor, "b 1 m m"]:
    return classes[:, kinds].sum(dim=1, keepdim=True)


def _above(lips: Float[Tensor, "b 1 m m"]) -> Float[Tensor, "b 1 m 1"]:
    """1 in the rows above each mouth."""
    size = lips.shape[-1]
    rows = torch.arange(size)
    seen = (lips > 0.5).any(dim=-1)[:, 0]
    top = torch.where(seen.any(dim=1), seen.int().argmax(dim=1), round(MOUTH * size))
    return (rows < top[:, None] - round(ABOVE * size)).to(lips)[:, None, :, None]
