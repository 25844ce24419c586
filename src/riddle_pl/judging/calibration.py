"""The cosine above which two images count as one person's: calibrated on pairs of photos."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from riddle_pl.errors import DataError
from riddle_pl.judging.pairs import PairSimilarities


class Calibration(NamedTuple):
    """A threshold and what it does on the pairs that it was calibrated on."""

    threshold: float
    """Two images are one person's when their cosine is greater."""
    far: float
    """Share of the pairs of different people that pass; at most what was asked for."""
    tar: float
    """Share of the pairs of one person that pass; NaN where there were none."""
    different: int
    """Pairs of different people."""
    same: int
    """Pairs of one person."""


class VerificationThreshold(Metric):
    """The lowest threshold that at most a share ``far`` of the pairs of different people exceed.

    Args:
        far: false-accept rate in [0, 1); below one in the number of pairs it lets none of them pass.
        kwargs: see :class:`torchmetrics.Metric`.
    """

    full_state_update = False
    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self, far: float = 1e-3, **kwargs: Any):
        super().__init__(**kwargs)
        self.far = far
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, scores: Float[Tensor, "b"], same: Bool[Tensor, "b"]) -> None:
        """Takes the cosines of pairs, and which pairs are of one person."""
        self.scores.append(scores)
        self.labels.append(same)

    def compute(self) -> Calibration:
        """Raises :class:`DataError` where there is no pair of different people."""
        scores = dim_zero_cat(self.scores).double() if len(self.scores) else torch.zeros(0)
        same = dim_zero_cat(self.labels) if len(self.labels) else torch.zeros(0, dtype=torch.bool)
        different, genuine = scores[~same], scores[same]
        if len(different) == 0:
            raise DataError("there is no pair of different people to calibrate the threshold on; give LFW's pairs file")
        accepted = int(self.far * len(different) + 1e-9)
        threshold = different.sort(descending=True).values[accepted]
        tar = float((genuine > threshold).double().mean()) if len(genuine) else float("nan")
        far = float((different > threshold).double().mean())
        return Calibration(float(threshold), far, tar, len(different), len(genuine))


def calibrate(pairs: PairSimilarities, far: float) -> Calibration:
    """The threshold for a false-accept rate of ``far`` on these pairs.

    Raises:
        DataError: there is no pair of different people.
    """
    metric = VerificationThreshold(far)
    metric.update(pairs.cosines, pairs.same)
    calibration: Calibration = metric.compute()
    return calibration
