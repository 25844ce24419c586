"""The guided filter: maps that a small network draws, brought to the edges of the picture that they are of."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def guided_filter(
    maps: Float[Tensor, "b c m m"], picture: Float[Tensor, "b 3 h h"], radius: int, smoothness: float
) -> Float[Tensor, "b c h h"]:
    """Maps at the size of a colour picture, following its edges.

    Within every window a map is replaced by its least-squares fit on the picture's colours: what is grey in the map
    and has the colour of one side of an edge becomes that side. The fit is made at the size of the maps.

    Source: He, Sun, Tang, "Guided Image Filtering", ECCV 2010, section 3.5 (colour guides); He, Sun, "Fast Guided
    Filter", arXiv 1505.00996.

    Args:
        maps: to filter.
        picture: in [-1, 1], not smaller than the maps.
        radius: half side of the windows, in pixels of the maps.
        smoothness: variance of colours below which a window counts as flat, and is blurred.
    """
    batch, count, height, width = maps.shape
    small = F.interpolate(picture, (height, width), mode="bilinear", antialias=True, align_corners=False)
    mean_maps, mean_picture = _mean(maps, radius), _mean(small, radius)
    squares = _mean((small[:, :, None] * small[:, None]).flatten(1, 2), radius).view(batch, 3, 3, height, width)
    common = _mean((small[:, :, None] * maps[:, None]).flatten(1, 2), radius).view(batch, 3, count, height, width)
    matrices = squares - mean_picture[:, :, None] * mean_picture[:, None] + smoothness * torch.eye(3)[:, :, None, None]
    common = common - mean_picture[:, :, None] * mean_maps[:, None]
    slopes = torch.einsum("bijhw,bjchw->bichw", _inverse(matrices), common)
    offsets = mean_maps - (slopes * mean_picture[:, :, None]).sum(dim=1)
    line = _mean(torch.cat([slopes.flatten(1, 2), offsets], dim=1), radius)
    line = F.interpolate(line, picture.shape[-2:], mode="bilinear", align_corners=False)
    slopes, offsets = line[:, : 3 * count].unflatten(1, (3, count)), line[:, 3 * count :]
    guided: Tensor = (slopes * picture[:, :, None]).sum(dim=1) + offsets
    return guided


def _inverse(m: Float[Tensor, "b 3 3 h w"]) -> Float[Tensor, "b 3 3 h w"]:
    """Of symmetric matrices, by their cofactors: many small ones at once."""
    rows = [torch.linalg.cross(m[:, (i + 1) % 3], m[:, (i + 2) % 3], dim=1) for i in range(3)]
    cofactors = torch.stack(rows, dim=1)
    return cofactors / (m[:, 0] * cofactors[:, 0]).sum(dim=1)[:, None, None]


def _mean(x: Float[Tensor, "b c m m"], radius: int) -> Float[Tensor, "b c m m"]:
    """Over windows, of the pixels that the picture has."""
    for kernel, padding in (((1, 2 * radius + 1), (0, radius)), ((2 * radius + 1, 1), (radius, 0))):
        x = F.avg_pool2d(x, kernel, 1, padding, count_include_pad=False)
    return x
