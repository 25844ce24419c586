"""Between images in [-1, 1] and 8-bit pixels, one by one and in batches."""

from typing import Any

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor


def to_pixels(x: Float[Tensor, "3 h w"], side: int | None = None) -> UInt8[np.ndarray, "h2 w2 3"]:
    """An image in [-1, 1] as 8-bit pixels.

    Args:
        side: enlarge or reduce it to this side first.
    """
    pixels: UInt8[np.ndarray, "h2 w2 3"] = to_pictures(x[None], side)[0]
    return pixels


def to_pictures(x: Float[Tensor, "b 3 h w"], side: int | None = None) -> UInt8[np.ndarray, "b h2 w2 3"]:
    """A batch of them, brought to ``side`` px by antialiased bicubic interpolation; values outside are clipped."""
    x = x.detach().float().cpu()
    if side is not None and x.shape[-1] != side:
        options: dict[str, Any] = {"mode": "bicubic", "antialias": True, "align_corners": False}
        x = F.interpolate(x, (side, side), **options) if len(x) else x.new_zeros(0, 3, side, side)
    pixels = ((x.clamp(-1.0, 1.0) + 1.0) * 127.5).round().byte().permute(0, 2, 3, 1)
    return np.ascontiguousarray(pixels.numpy())


def to_lab(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Images in [-1, 1] in CIELAB (D65), on the CPU."""
    from kornia.color import rgb_to_lab  # slow to import

    lab: Tensor = rgb_to_lab(x.detach().float().cpu() / 2.0 + 0.5)
    return lab
