"""Images of networks as the 8-bit pictures that detectors and dlib take."""

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor


def to_pictures(x: Float[Tensor, "b 3 h h"], side: int) -> UInt8[np.ndarray, "b side side 3"]:
    """Images in [-1, 1], brought to ``side`` px by antialiased bicubic interpolation; values outside are clipped."""
    x = x.detach().float().cpu()
    if len(x) and x.shape[-1] != side:
        x = F.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False)
    pixels: np.ndarray = ((x.clamp(-1.0, 1.0) + 1.0) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    return pixels if len(x) else np.zeros((0, side, side, 3), dtype=np.uint8)
