"""Connected regions of masks: what hangs together with a seed."""

import torch
from jaxtyping import Bool
from torch import Tensor


def flooded(seed: Bool[Tensor, "h w"], mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """The pixels of a mask that are reached from a seed in it, from side to side (not across corners).

    Whole runs of a row or column are filled at a time, in turns, until nothing changes.
    """
    reached = seed & mask
    while True:
        wider = _along_rows(_along_rows(reached, mask).T, mask.T).T
        if torch.equal(wider, reached):
            return reached
        reached = wider


def without_holes(mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """The mask with what it encloses."""
    border = torch.ones_like(mask)
    border[1:-1, 1:-1] = False
    return ~flooded(border, ~mask)


def _along_rows(reached: Bool[Tensor, "h w"], mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """All runs of a mask's rows in which something is reached."""
    runs = (~mask).long().cumsum(dim=1)  # each run of the mask has a number of its own in its row
    found = torch.zeros(mask.shape[0], mask.shape[1] + 1, dtype=torch.bool)
    found.scatter_reduce_(1, runs, reached, "amax")
    return found.gather(1, runs) & mask
