"""Layout of sample sheets: one column per face."""

import torch
from jaxtyping import Float
from torch import Tensor

COLUMNS = 8
"""Images per row of a sample sheet."""


def stacked_rows(*series: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "m 3 h w"]:
    """Interleaves equally long series row by row: a row of the first, below it the same of the second, and so on.

    A last row that is not full is filled up with grey.
    """
    count = series[0].shape[0]
    blank = torch.zeros(-count % COLUMNS, *series[0].shape[1:]).to(series[0])
    rows = [torch.cat([images.to(blank), blank]).unflatten(0, (-1, COLUMNS)) for images in series]
    return torch.stack(rows, dim=1).flatten(0, 2)


def spread(count: int, wanted: int) -> slice:
    """Every k-th of ``count`` items, so that at most ``wanted`` remain, from the whole range."""
    step = max(count // wanted, 1)
    return slice(0, step * wanted, step)
