"""Random similarity transforms of aligned faces, with mirroring: geometric augmentation."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def affine_maps(
    angle: Float[Tensor, "b"], scale: Float[Tensor, "b"], mirror: Float[Tensor, "b"], shift: Float[Tensor, "b 2"]
) -> Float[Tensor, "b 2 3"]:
    """Affine maps from coordinates in the warped image to coordinates in the source image, both in [-1, 1].

    Args:
        angle: in radians.
        scale: above 1 zooms out.
        mirror: -1 for mirrored images, else 1.
        shift: in x and y; the image side is 2.
    """
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [torch.stack([mirror * cos, -sin, shift[:, 0]], dim=1), torch.stack([mirror * sin, cos, shift[:, 1]], dim=1)]
    return torch.stack(rows, dim=1)


def warp(x: Float[Tensor, "b c h w"], maps: Float[Tensor, "b 2 3"]) -> Float[Tensor, "b c h w"]:
    """The images resampled through these maps, with reflection padding."""
    grid = F.affine_grid(maps, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
