"""Between images in [-1, 1] and 8-bit pixels."""

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor


def to_pixels(x: Float[Tensor, "3 h w"], side: int | None = None) -> UInt8[np.ndarray, "h2 w2 3"]:
    """An image in [-1, 1] as 8-bit pixels.

    Args:
        side: enlarge or reduce it to this side first.
    """
    if side is not None and x.shape[-1] != side:
        x = F.interpolate(x[None], (side, side), mode="bicubic", antialias=True, align_corners=False)[0]
    pixels: UInt8[np.ndarray, "h2 w2 3"] = ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return pixels
