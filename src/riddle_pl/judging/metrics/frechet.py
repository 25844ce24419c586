"""The Fréchet distance of two sets of features, each taken as a Gaussian: FID where the features are Inception's."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from riddle_pl.judging.metrics.estimate import Estimate


class FrechetDistance(Metric):
    """‖μ - μ'‖² + tr(Σ + Σ' - 2 (Σ Σ')^½) of the features of two sets of images.

    Keeps sums, not features: memory does not grow with the number of images. The distance falls with more images, and
    with fewer images than features it says little: compare only numbers of equal counts. It is no mean over faces, so
    it has no bootstrap interval here.

    Args:
        features: length of the feature vectors.
        kwargs: see :class:`torchmetrics.Metric`.

    Source: Heusel et al., "GANs trained by a two time-scale update rule" (2017), equation 6.
    """

    full_state_update = False
    count: Tensor
    sums: Tensor
    products: Tensor

    def __init__(self, features: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_state("count", default=torch.zeros(2, dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("sums", default=torch.zeros(2, features, dtype=torch.double), dist_reduce_fx="sum")
        self.add_state("products", default=torch.zeros(2, features, features, dtype=torch.double), dist_reduce_fx="sum")

    def update(self, features: Float[Tensor, "b d"], references: Float[Tensor, "b2 d"]) -> None:
        for side, rows in enumerate((features.double(), references.double())):
            self.count[side] += len(rows)
            self.sums[side] += rows.sum(dim=0)
            self.products[side] += rows.T @ rows

    def compute(self) -> Estimate:
        """The distance without an interval; NaN with fewer than two images on a side or if features are not finite."""
        faces = int(self.count.min())
        if faces < 2 or not (self.sums.isfinite().all() and self.products.isfinite().all()):
            return Estimate(math.nan, math.nan, math.nan, faces)
        (mean, covariance), (mean_2, covariance_2) = (self._moments(side) for side in (0, 1))
        # (Σ Σ')^½ has the trace of (S Σ' S)^½ with S = Σ^½, which is symmetric
        root = _square_root(covariance)
        cross = torch.linalg.eigvalsh(root @ covariance_2 @ root).clamp_min(0.0).sqrt().sum()
        distance = (mean - mean_2).square().sum() + covariance.trace() + covariance_2.trace() - 2.0 * cross
        return Estimate(max(0.0, float(distance)), math.nan, math.nan, faces)

    def _moments(self, side: int) -> tuple[Float[Tensor, "d"], Float[Tensor, "d d"]]:
        n = int(self.count[side])
        mean = self.sums[side] / n
        return mean, (self.products[side] - n * torch.outer(mean, mean)) / (n - 1)


def _square_root(matrix: Float[Tensor, "d d"]) -> Float[Tensor, "d d"]:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp_min(0.0).sqrt()) @ vectors.T
    return root
