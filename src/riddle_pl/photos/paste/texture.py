"""The fine structure of skin, continued over skin that was filled smoothly."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from riddle_pl.photos.paste.mask import blur

FINE = 0.012
"""Deviation of the blur that pores and grain do not survive, as a share of the side."""


def mirrored_texture(x: Float[Tensor, "1 3 s s"], skin: Bool[Tensor, "s s"]) -> Float[Tensor, "1 3 s s"]:
    """What each pixel's mirror image has of fine structure, seen across the nearest edge of the known skin.

    Args:
        x: an image.
        skin: where its skin is known. In there, and where the mirror image is none, the result is 0.
    """
    fine = (x - blur(x, FINE * x.shape[-1]))[0]
    nearest = distance_transform_edt(~skin.numpy(), return_distances=False, return_indices=True)
    here = np.indices(skin.shape)
    rows, columns = torch.from_numpy(np.clip(2 * nearest - here, 0, skin.shape[0] - 1)).long()
    return (fine[:, rows, columns] * (skin[rows, columns] & ~skin))[None]
