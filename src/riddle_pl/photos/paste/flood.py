"""Connected regions of masks: what hangs together with a seed."""

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor


def flooded(seed: Bool[Tensor, "h w"], mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """The pixels of a mask that are reached from a seed in it, from side to side (not across corners)."""
    from scipy.ndimage import label  # slow to import, and some masks are ovals

    parts, _ = label(mask.cpu().numpy())
    reached = np.unique(parts[(seed & mask).cpu().numpy()])
    return torch.from_numpy(np.isin(parts, reached[reached > 0])).to(mask.device)


def without_holes(mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """The mask with what it encloses."""
    from scipy.ndimage import binary_fill_holes

    return torch.from_numpy(binary_fill_holes(mask.cpu().numpy())).to(mask.device)
