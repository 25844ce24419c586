"""The base of the metrics: one value per face, averaged."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from riddle_pl.judging.metrics.estimate import Estimate, bootstrap


class FaceMean(Metric):
    """Averages one value per face.

    Args:
        resamples: of the bootstrap.
        seed: of the bootstrap.
        kwargs: see :class:`torchmetrics.Metric`.
    """

    full_state_update = False
    values: list[Tensor]

    def __init__(self, resamples: int = 2000, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.resamples = resamples
        self.seed = seed
        self.add_state("values", default=[], dist_reduce_fx="cat")

    def per_face(self) -> Float[Tensor, "n"]:
        """The values that are averaged."""
        return dim_zero_cat(self.values) if len(self.values) else torch.zeros(0)

    def compute(self) -> Estimate:
        return bootstrap(self.per_face(), self.resamples, self.seed)


class PerFace(FaceMean):
    """The mean of values that another metric gave."""

    def update(self, values: Float[Tensor, "b"]) -> None:
        self.values.append(values)


def measured(metric: FaceMean, *images: Any) -> Float[Tensor, "b"]:
    """A metric's value of each face of a batch.

    >>> from riddle_pl.judging.metrics import MSE
    >>> measured(MSE(), torch.ones(2, 3, 8, 8), torch.zeros(2, 3, 8, 8))
    tensor([0.2500, 0.2500])
    """
    metric.update(*images)
    return metric.per_face()
