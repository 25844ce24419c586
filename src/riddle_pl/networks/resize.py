"""Resizing as in the public pipelines: average pooling to shrink, bilinear interpolation to enlarge."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def resize(x: Float[Tensor, "b c h w"], size: tuple[int, int]) -> Float[Tensor, "b c h2 w2"]:
    """Resizes to ``size`` = (height, width), each axis by adaptive average pooling or bilinear interpolation.

    The public recognisers and inversion encoders were used with pooling; bilinear sampling would alias when shrinking.
    """
    height, width = size
    pooled = (min(height, x.shape[2]), min(width, x.shape[3]))
    if pooled != tuple(x.shape[2:]):
        x = F.adaptive_avg_pool2d(x, pooled)
    if pooled != (height, width):
        x = F.interpolate(x, (height, width), mode="bilinear", align_corners=False)
    return x
