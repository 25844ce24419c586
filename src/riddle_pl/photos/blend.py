"""Putting a synthesised face back into the photo: a soft mask, so that no edge of the square shows."""

import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from riddle_pl.photos.align import paste_face

SOLID = 0.8
"""Share of the way from the centre to the square's sides within which nothing of the photo is left."""
MASK_SIZE = 256


def soft_mask(size: int = MASK_SIZE, solid: float = SOLID) -> Float[Tensor, "1 1 size size"]:
    """Weight of the synthesised face over the aligned square: 1 inside, 0 at the sides, smooth between.

    A superellipse |u|^4 + |v|^4 = r^4, u and v from -1 to 1: in an FFHQ crop its solid part (r <= ``solid``) covers the
    face with chin, ears and hairline, which a plain ellipse would leave to the photo.

    Args:
        size: side of the mask in pixels.
        solid: r up to which the weight is 1, in (0, 1); it falls to 0 at r = 1.
    """
    u = (torch.arange(size) + 0.5) / size * 2.0 - 1.0
    radius = (u[None, :] ** 4 + u[:, None] ** 4) ** 0.25
    t = ((1.0 - radius) / (1.0 - solid)).clamp(0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t))[None, None]


def blend_face(
    photo: UInt8[ndarray, "h w 3"], x: Float[Tensor, "1 3 s s"], quad: Float[ndarray, "4 2"]
) -> UInt8[ndarray, "h w 3"]:
    """A copy of the photo with the face x in [-1, 1] over its quad; no pixel outside the quad changes.

    Raises:
        PhotoError: the quad is not a square over the photo.
    """
    return paste_face(photo, x, quad, soft_mask())
