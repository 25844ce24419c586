"""Where a new face is pasted that has the photo's pose and outline: the face alone, under the photo's own hair.

The seam follows the edges of the photo, at its own resolution as far as the mask has it. What lies before the face or
beside it stays the photo's; the new picture's background is never pasted.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.paste.guided import guided_filter
from riddle_pl.photos.paste.mask import (
    CELEBA_FACE,
    HOLE,
    NOTHING,
    ParserMap,
    blur,
    core,
    fade,
    one_whole,
    shrink,
    widen,
)

SIDE, FITTED_SIDE = 256, 128
"""Of the masks in pixels, and of the picture to which the parser's maps are fitted."""
BACKGROUND, HAIR = 0, 13
"""Classes of CelebAMask-HQ."""
REACH, SMOOTHNESS = 0.035, 0.002
"""Of the guided filter: half windows as a share of the side, variance of colours in [-1, 1]."""
FEATHER = 0.01
"""Deviation of the blur of the seam before it follows the photo's edges, as a share of the side."""
INSIDE = 0.02
"""How far the new picture's head is left alone at its edge, where its background shows through, as a share of the
side."""
BEARD_CENTRE, BEARD_RADII = (0.5, 0.75), (0.24, 0.2)
"""An ellipse around mouth and chin in which what counts as hair is beard, and belongs to the face."""
NEAR = 0.05
"""How far beyond the face of the picture a recovered one is followed."""


class Regions(NamedTuple):
    """What an aligned picture shows where, as shares in [0, 1].

    Attributes:
        background, face, hair: at most 1 together.
    """

    background: Float[Tensor, "b 1 m m"]
    face: Float[Tensor, "b 1 m m"]
    hair: Float[Tensor, "b 1 m m"]


class FittedMap(ParserMap):
    """By the pack's face parser, brought to the edges of the picture."""

    @property
    def size(self) -> int:
        return SIDE

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 1 m m"]:
        return self.regions(x).face

    def regions(self, x: Float[Tensor, "b 3 h h"]) -> Regions:
        """Of images in [-1, 1]."""
        classes = self.classes(x)
        kinds = (classes[:, [BACKGROUND]], classes[:, CELEBA_FACE].sum(dim=1, keepdim=True), classes[:, [HAIR]])
        background, face, hair = _to_edges(torch.cat(kinds, dim=1), x).split(1, dim=1)
        return Regions(background, face, hair)

    def mask(
        self, photo: Float[Tensor, "1 3 h h"], old: Regions, new: Regions, recovering: bool
    ) -> Float[Tensor, "1 1 m m"]:
        """The soft mask of a new face, one region, 0 at the sides of the square.

        Args:
            photo: the aligned photo, or when ``recovering`` the picture with the encrypted face.
            old: its regions.
            new: those of the new face.
            recovering: the new face is followed a little beyond the one in the picture, to cover it.
        """
        middle = core(SIDE)
        face = (old.face > 0.5) | ((old.hair > 0.5) & (_beard() > 0))
        if recovering:
            face |= (new.face > 0.5) & (widen(face.float(), round(NEAR * SIDE)) > 0)
        whole = one_whole(torch.maximum(face.float(), middle))
        gap = round(HOLE * SIDE)
        closed = shrink(widen(whole, gap), gap)
        soft = _to_edges(blur(closed, FEATHER * SIDE), photo)
        head = shrink((new.background < 0.5).float(), round(INSIDE * SIDE))
        soft = torch.minimum(soft, blur(head, FEATHER * SIDE))
        soft = torch.maximum(soft, blur(middle, FEATHER * SIDE)) * fade(SIDE)
        return torch.where(soft < NOTHING, torch.zeros_like(soft), soft)


def _to_edges(maps: Float[Tensor, "b c m m"], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b c side side"]:
    """Maps that follow the edges of their picture."""
    size = (FITTED_SIDE, FITTED_SIDE)
    small = F.interpolate(maps, size, mode="bilinear", antialias=True, align_corners=False)
    return guided_filter(small, _at_side(x), round(REACH * FITTED_SIDE), SMOOTHNESS).clamp(0.0, 1.0)


def _at_side(x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 side side"]:
    return F.interpolate(x, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)


def _beard() -> Float[Tensor, "1 1 m m"]:
    u = (torch.arange(SIDE) + 0.5) / SIDE
    x, y = (u - BEARD_CENTRE[0]) / BEARD_RADII[0], (u - BEARD_CENTRE[1]) / BEARD_RADII[1]
    return (x[None, :] ** 2 + y[:, None] ** 2 <= 1.0).float()[None, None]
