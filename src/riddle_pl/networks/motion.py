"""Aligned faces moved, turned, scaled and mirrored: what training shows of a face beside the face itself."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def motion(
    angle: Float[Tensor, "b"], scale: Float[Tensor, "b"], mirror: Float[Tensor, "b"], shift: Float[Tensor, "b 2"]
) -> Float[Tensor, "b 2 3"]:
    """Affine maps from a pixel's place in the moved image to its place in the image, both in [-1, 1].

    Args:
        angle: in radians.
        scale: above 1 shows more of the image, and the face smaller.
        mirror: -1 for mirrored images, else 1.
        shift: of the place along width and height; a side is 2 long.
    """
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [torch.stack([mirror * cos, -sin, shift[:, 0]], dim=1), torch.stack([mirror * sin, cos, shift[:, 1]], dim=1)]
    return torch.stack(rows, dim=1)


def move(x: Float[Tensor, "b c h w"], motions: Float[Tensor, "b 2 3"]) -> Float[Tensor, "b c h w"]:
    """The images moved by these maps; beyond their edges they are reflected."""
    grid = F.affine_grid(motions, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
