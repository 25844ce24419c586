"""A new face of the photo's pose, fitted into the photo's head: the face alone, under the photo's own hair.

The mask is the face in the photo, to the edges of its own pixels: hair, ears, hat and what lies before the face stay.
The new face is warped to that outline, and what it does not show there (its hair and background) is filled with its
skin, pores and all.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.packs import Pack
from riddle_pl.photos.paste.fill import fill
from riddle_pl.photos.paste.guided import guided_filter
from riddle_pl.photos.paste.mask import HOLE, NOTHING, blur, core, fade, one_whole, shrink, whole_face, widen
from riddle_pl.photos.paste.outline import outline, to_outline, unmoved
from riddle_pl.photos.paste.regions import Regions, region_parser, resized
from riddle_pl.photos.paste.texture import skin_texture

SMOOTHNESS = 0.002
"""Of the guided filter: variance of colours in [-1, 1]."""
FEATHER = 0.006
"""Deviation of the blur of the seam before it follows the photo's edges, as a share of the side."""
COVER = 0.004
"""How much further than the face in the picture a recovered one reaches, as a share of the side, to cover it."""
MARGIN, FRINGE = 0.02, 0.05
"""Width of the new face's own edge that is filled, since hair and background shine through there, and that of its
forehead, on which strands and shadows of hair lie. Shares of the side."""
BROWS = 0.4
"""Height of the brows in an aligned face, as a share of the side."""
SOLID = 0.93
"""Share of the way from the centre to the square's sides within which the mask is not limited: beards reach far."""


class FittedMap:
    """By the pack's best parser.

    Args:
        pack: has a ``face_mask`` (BiSeNet) or a ``parser``.
        device: where that runs.
    """

    def __init__(self, pack: Pack, device: torch.device | str = "cpu"):
        self.regions = region_parser(pack, device)

    @property
    def size(self) -> int:
        return self.regions.size

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 1 m m"]:
        return self.regions(x).face

    def mask(self, photo: Float[Tensor, "1 3 m m"], theirs: Regions, recovering: bool) -> Float[Tensor, "1 1 m m"]:
        """The soft mask of a new face, one region, 0 at the sides of the square.

        Args:
            photo: the aligned photo, or when ``recovering`` the picture with the encrypted face.
            theirs: its regions.
            recovering: reach a little further.
        """
        size = self.size
        middle = core(size)
        face = (theirs.face > 0.5) | (theirs.beard > 0.5)
        whole = one_whole(torch.maximum(face.float(), middle))
        gap, more = round(HOLE * size), round(COVER * size) if recovering else 0
        closed = shrink(widen(whole, gap + more), gap)
        half = F.avg_pool2d(blur(closed, FEATHER * size), 2)
        reach = round(self.regions.detail * size / 2)
        soft = guided_filter(half, photo, reach, SMOOTHNESS).clamp(0.0, 1.0) * widen(closed, reach)
        soft = torch.maximum(soft, blur(middle, FEATHER * size)) * fade(size, SOLID)
        return torch.where(soft < NOTHING, torch.zeros_like(soft), soft)

    def fit(
        self, x: Float[Tensor, "1 3 s s"], ours: Regions, theirs: Regions
    ) -> tuple[Float[Tensor, "1 3 s s"], Regions]:
        """A new face with the photo's outline, and its regions: all of it is face.

        Args:
            x: in [-1, 1].
            ours: its regions.
            theirs: the photo's.
        """
        outlines = outline(ours.face), outline(theirs.face), unmoved(ours.features)
        warped = to_outline(x, *outlines).clamp(-1.0, 1.0)
        face, features, skin = to_outline(torch.cat(ours[:3], dim=1), *outlines).clamp(0.0, 1.0).split(1, dim=1)
        side = x.shape[-1]
        shown = resized(self._shown(face), side) > 0.5
        known = (2.0 * blur(shown.float(), MARGIN * side) - 1.0).clamp(0.0, 1.0)
        bare, plain = (resized(region, side) > 0.5 for region in (1.0 - features, skin))  # the first with a beard
        grown = fill(warped, known * bare) + skin_texture(warped, (shown & plain)[0, 0])
        filled = torch.lerp(grown, warped, known).clamp(-1.0, 1.0)
        return filled, ours._replace(face=torch.ones_like(face), features=features, skin=skin)

    def _shown(self, face: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 1 m m"]:
        """The part of a new face that neither hair nor background touches: 1 there, else 0."""
        size, forehead = self.size, round(BROWS * self.size)
        whole = whole_face(face)
        inner = shrink(whole, round(MARGIN * size))
        inner[..., :forehead, :] *= shrink(whole, round(FRINGE * size))[..., :forehead, :]
        return inner
