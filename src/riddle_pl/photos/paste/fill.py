"""Pixels that are not wanted, filled smoothly from those around them."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

LITTLE = 1e-8
"""Share of known pixels below which a place is unknown at a level."""


def fill(x: Float[Tensor, "1 3 s s"], known: Float[Tensor, "1 1 s s"]) -> Float[Tensor, "1 3 s s"]:
    """The image with what is not known continued from what is, by pull and push over a pyramid.

    Source: Gortler, Grzeszczuk, Szeliski, Cohen, "The Lumigraph", SIGGRAPH 1996, section 3.4.2.

    Args:
        x: side a power of two.
        known: weights in [0, 1]; pixels of weight 1 stay as they are.
    """
    levels = []
    pixels, weights = x * known, known
    while pixels.shape[-1] > 1:
        levels.append((pixels, weights))
        pixels, weights = F.avg_pool2d(pixels, 2), F.avg_pool2d(weights, 2)
        near = (4.0 * weights).clamp(max=1.0)  # one known pixel of four is enough: what is near counts most
        pixels, weights = pixels * near / weights.clamp_min(LITTLE), near
    filled = pixels / weights.clamp_min(LITTLE)
    for pixels, weights in reversed(levels):
        above = F.interpolate(filled, scale_factor=2, mode="bilinear", align_corners=False)
        here = torch.where(weights > LITTLE, pixels / weights.clamp_min(LITTLE), above)
        filled = torch.lerp(above, here, weights)
    return filled
