"""Photos without their faces: what an encrypted photo leaves as it was."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.paste.mask import FaceMap


def without_face(
    x: Float[Tensor, "n 3 h h"], parser: FaceMap, side: int, batch_size: int = 50
) -> Float[Tensor, "n 4 side side"]:
    """A coarse picture of each photo in which the face is grey, and beside it the face's outline, 1 inside.

    Args:
        x: aligned faces in [-1, 1].
        parser: finds the face.
        side: of the result, in pixels.
        batch_size: photos at a time.
    """
    parts = []
    for part in x.split(batch_size):
        face = F.interpolate((parser(part) > 0.5).float(), part.shape[-2:], mode="nearest")
        parts.append(F.adaptive_avg_pool2d(torch.cat([part * (1.0 - face), face], dim=1), side))
    return torch.cat(parts) if parts else x.new_empty(0, 4, side, side)
