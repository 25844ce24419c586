"""Second moments of W, and distances of codes from W."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.audits.samples import codes
from riddle_pl.networks.generator import FaceGenerator

SAMPLES = 8192
LEADING = 128


@dataclass(frozen=True)
class WStatistics:
    """Second moments of W."""

    mean: Float[Tensor, "512"]
    deviation: float
    """Root of the mean variance over dimensions."""
    leading: Float[Tensor, "512 k"]
    """The :data:`LEADING` principal components with the largest variance."""

    def outside(self, w: Float[Tensor, "b n 512"]) -> Float[Tensor, "b"]:
        """Share of each code's squared distance from W's mean that lies outside the leading components."""
        centred = w.double() - self.mean
        inside = (centred @ self.leading).square().sum(dim=(1, 2))
        return (1.0 - inside / centred.square().sum(dim=(1, 2))).float()

    def offsets(self, w: Float[Tensor, "b n 512"]) -> Float[Tensor, "b"]:
        """Mean length of the offsets of layers 2 to n from the first: root mean square over entries, in deviations."""
        offsets = (w[:, 1:] - w[:, :1]).square().mean(dim=2).sqrt()
        return offsets.mean(dim=1) / self.deviation


def w_statistics(generator: FaceGenerator, seed: int) -> WStatistics:
    """Estimated from random W codes."""
    w = codes(generator, SAMPLES, seed).double().cpu()
    covariance = torch.cov(w.T)
    _, vectors = torch.linalg.eigh(covariance)  # in the order of rising variance
    return WStatistics(w.mean(dim=0), float(covariance.diagonal().mean().sqrt()), vectors[:, -LEADING:])
