"""A mean over faces with its bootstrap interval."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

LEVEL = 0.95

_BLOCK = 1 << 22
"""Numbers drawn at once."""


class Estimate(NamedTuple):
    """A number over so many faces and its interval.

    All NaN where there was no face to measure; only the interval is NaN where the number is no mean over faces.
    """

    mean: float
    low: float
    high: float
    faces: int


def bootstrap(values: Float[Tensor, "n"], resamples: int, seed: int, level: float = LEVEL) -> Estimate:
    """Mean and percentile bootstrap interval; the same for any order of the values.

    >>> bootstrap(torch.tensor([0.0, 0.0, 1.0, 1.0]), resamples=100, seed=0).mean
    0.5

    Source: Efron, "Better bootstrap confidence intervals" (1987), the percentile method.
    """
    values = values.detach().double().cpu().sort().values
    count = len(values)
    if count == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    mean = float(values.mean())
    if values[0] == values[-1]:  # as in a rate of 0 or 1: resampling cannot change it
        return Estimate(mean, mean, mean, count)
    rng = torch.Generator().manual_seed(seed)
    rows = max(1, _BLOCK // count)
    means = torch.cat(
        [
            values[torch.randint(count, (min(rows, resamples - done), count), generator=rng)].mean(dim=1)
            for done in range(0, resamples, rows)
        ]
    )
    tail = (1.0 - level) / 2.0
    low, high = torch.quantile(means, torch.tensor([tail, 1.0 - tail], dtype=means.dtype)).tolist()
    return Estimate(mean, low, high, count)
