"""The fine structure of skin, continued over skin that was filled smoothly."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from riddle_pl.photos.paste.mask import blur, shrink

FINE = 0.012
"""Deviation of the blur that pores and grain do not survive, as a share of the side."""


def mirrored_texture(x: Float[Tensor, "1 3 s s"], skin: Bool[Tensor, "s s"]) -> Float[Tensor, "1 3 s s"]:
    """What each pixel's mirror image has of fine structure, seen across the nearest edge of the known skin.

    Args:
        x: an image.
        skin: where its skin is known. In there, and where the mirror image is none, the result is 0.
    """
    side = x.shape[-1]
    fine = (x - blur(x, FINE * side))[0]
    plain = shrink(skin[None, None].float(), round(2 * FINE * side))[0, 0] > 0  # not the halo of brows and hair
    if not bool(plain.any()):
        return torch.zeros_like(x)
    nearest = distance_transform_edt(~plain.numpy(), return_distances=False, return_indices=True)
    rows, columns = torch.from_numpy(np.clip(2 * nearest - np.indices(skin.shape), 0, side - 1)).long()
    return (fine[:, rows, columns] * (plain[rows, columns] & ~skin))[None]
