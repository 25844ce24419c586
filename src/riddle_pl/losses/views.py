"""Views for the recogniser of the loss: the aligned face, or random augmentations of it.

With one fixed alignment, training can exploit weaknesses of that recogniser that others do not share. Adversarial
examples that survive random transforms transfer better to other networks (Xie et al., "Improving Transferability of
Adversarial Examples with Input Diversity", CVPR 2019). That is wanted here, since the evaluating recogniser is never
the one of the loss.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.networks.affine import affine_maps, warp


class View(Protocol):
    """One augmentation of a step's faces, the same for all images of a face."""

    def __call__(self, images: Float[Tensor, "kb 3 h h"]) -> Float[Tensor, "kb 3 h h"]:
        """``k`` images of each of the ``b`` faces, all first images before all second ones."""
        ...


class Views(Protocol):
    """Draws the views of a step."""

    def draw(self, faces: int, rng: torch.Generator) -> Sequence[View]:
        """The views of a step of ``faces`` faces; at least one."""
        ...


def unchanged_view(images: Float[Tensor, "kb 3 h h"]) -> Float[Tensor, "kb 3 h h"]:
    """The identity view."""
    return images


class AlignedView:
    """The paper's setting: the recogniser sees every image once, without augmentation."""

    def draw(self, faces: int, rng: torch.Generator) -> Sequence[View]:
        return [unchanged_view]


class AffineView:
    """Each face shifted, rotated, scaled and optionally mirrored or converted to grey.

    Args:
        place: affine maps from view to image coordinates, both in [-1, 1].
        grey: which faces are converted to grey.
    """

    def __init__(self, place: Float[Tensor, "b 2 3"], grey: Bool[Tensor, "b"]):
        self.place = place
        self.grey = grey

    def __call__(self, images: Float[Tensor, "kb 3 h h"]) -> Float[Tensor, "kb 3 h h"]:
        images = images.to(torch.promote_types(images.dtype, torch.float32))  # bfloat16 coordinates are off by pixels
        repeats = len(images) // len(self.place)
        place = self.place.to(images).repeat(repeats, 1, 1)
        grey = self.grey.to(images.device).repeat(repeats)[:, None, None, None]
        moved = warp(images, place)
        return torch.where(grey, moved.mean(dim=1, keepdim=True), moved)


class RandomViews:
    """``count`` views of each face; the cosine of two faces is then the mean of the views' cosines.

    Args:
        count: views of a step; the recogniser's cost grows with it.
        shift: a face moves by up to this share of the image's side, on either axis.
        zoom: a face is shown up to this factor larger or smaller.
        turn: a face turns by up to this angle, in degrees.
        grey: share of faces shown without colour. Half of all are mirrored.

    Raises:
        ValueError: ``count`` or ``zoom`` below 1, ``shift`` or ``turn`` negative, ``grey`` outside [0, 1].
    """

    def __init__(self, count: int = 2, shift: float = 0.1, zoom: float = 1.25, turn: float = 10.0, grey: float = 0.25):
        if count < 1 or zoom < 1:
            raise ValueError(f"count={count}, zoom={zoom}; expected both to be at least 1")
        if shift < 0 or turn < 0 or not 0 <= grey <= 1:
            raise ValueError(f"shift={shift}, turn={turn}, grey={grey}; expected no less than 0, and grey up to 1")
        self.count = count
        self.shift = shift
        self.zoom = zoom
        self.turn = turn
        self.grey = grey

    def draw(self, faces: int, rng: torch.Generator) -> Sequence[View]:
        return [self._draw_one(faces, rng) for _ in range(self.count)]

    def _draw_one(self, faces: int, rng: torch.Generator) -> AffineView:
        def spread(limit: float, *shape: int) -> Tensor:
            return limit * (2 * torch.rand(faces, *shape, generator=rng) - 1)

        scale = spread(math.log(self.zoom)).exp()
        angle = spread(math.radians(self.turn))
        mirror = torch.where(torch.rand(faces, generator=rng) < 0.5, -1.0, 1.0)
        place = affine_maps(angle, scale, mirror, spread(2 * self.shift, 2))  # a side is 2 long
        return AffineView(place, torch.rand(faces, generator=rng) < self.grey)
