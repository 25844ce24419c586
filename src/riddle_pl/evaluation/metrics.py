"""Metrics over faces: a mean with its bootstrap interval. States gather over processes, and order does not matter."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

LEVEL = 0.95
MSE_FLOOR = 1e-10
"""Mean squared errors below it count as it, so that equal images have 100 dB and not infinity."""

_BLOCK = 1 << 22


class Estimate(NamedTuple):
    """A mean over so many faces and its interval; all NaN where there was no face."""

    mean: float
    low: float
    high: float
    faces: int


def bootstrap(values: Float[Tensor, "n"], resamples: int, seed: int, level: float = LEVEL) -> Estimate:
    """Mean and percentile bootstrap interval; the same for any order of the values.

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


class FaceMean(Metric):
    """Base of the metrics: one value per face, averaged.

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


class MeanCosine(FaceMean):
    """Mean cosine similarity of each face's two embeddings."""

    def update(self, embeddings: Float[Tensor, "b d"], references: Float[Tensor, "b d"]) -> None:
        self.values.append(F.cosine_similarity(embeddings, references, dim=1))


class IdentificationRate(FaceMean):
    """Share of faces whose two embeddings are one person's: their cosine exceeds the threshold.

    Args:
        threshold: of the cosine; see :class:`riddle_pl.evaluation.calibration.VerificationThreshold`.
        kwargs: see :class:`FaceMean`.
    """

    def __init__(self, threshold: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.threshold = threshold

    def update(self, embeddings: Float[Tensor, "b d"], references: Float[Tensor, "b d"]) -> None:
        self.values.append((F.cosine_similarity(embeddings, references, dim=1) > self.threshold).float())


class _Gathered(FaceMean):
    """Keeps unit-length embeddings; what they say about each face is known only when all are there."""

    embeddings: list[Tensor]

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_state("embeddings", default=[], dist_reduce_fx="cat")

    def _rows(self, state: list[Tensor]) -> Float[Tensor, "n d"]:
        return dim_zero_cat(state) if len(state) else torch.zeros(0, 1)


class RankOneRate(_Gathered):
    """Share of faces whose nearest one, in a gallery of all references, is their own; ties count as found.

    Chance is one in the number of faces; with a single face the rate is 1 whatever it looks like.
    """

    gallery: list[Tensor]

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_state("gallery", default=[], dist_reduce_fx="cat")

    def update(self, embeddings: Float[Tensor, "b d"], references: Float[Tensor, "b d"]) -> None:
        self.embeddings.append(F.normalize(embeddings, dim=1))
        self.gallery.append(F.normalize(references, dim=1))

    def per_face(self) -> Float[Tensor, "n"]:
        queries, gallery = self._rows(self.embeddings), self._rows(self.gallery)
        own = (queries * gallery).sum(dim=1)
        best = [(rows @ gallery.T).amax(dim=1) for rows in queries.split(512)] if len(queries) else [own]
        return (own >= torch.cat(best) - 1e-6).float()  # rounding differs between the two products


class OtherPeopleRate(_Gathered):
    """For each face, the share of the other people's faces that pass as it: the false accepts among the images at hand.

    It shows what a rate of :class:`IdentificationRate` is worth: two different people's images agree so often.
    The interval is over faces, as if each met strangers of its own.

    Args:
        threshold: of the cosine.
        kwargs: see :class:`FaceMean`.
    """

    def __init__(self, threshold: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.threshold = threshold

    def update(self, embeddings: Float[Tensor, "b d"]) -> None:
        self.embeddings.append(F.normalize(embeddings, dim=1))

    def per_face(self) -> Float[Tensor, "n"]:
        everyone = self._rows(self.embeddings)
        if len(everyone) < 2:
            return torch.zeros(0)
        shares = []
        for first in range(0, len(everyone), 512):
            passes = everyone[first : first + 512] @ everyone.T > self.threshold
            rows = torch.arange(len(passes), device=passes.device)
            passes[rows, rows + first] = False
            shares.append(passes.sum(dim=1) / (len(everyone) - 1))
        return torch.cat(shares)


class DetectionRate(FaceMean):
    """Share of images in which a face was found."""

    def update(self, found: Bool[Tensor, "b"]) -> None:
        self.values.append(found.float())


class PSNR(FaceMean):
    """Peak signal-to-noise ratio in dB of each image against its reference, averaged over images (at most 100 dB)."""

    def update(self, images: Float[Tensor, "b 3 h w"], references: Float[Tensor, "b 3 h w"]) -> None:
        """Takes images in [-1, 1]; the ratio is that of images in [0, 1]."""
        mse = ((images - references) / 2.0).square().mean(dim=(1, 2, 3)).clamp_min(MSE_FLOOR)
        self.values.append(-10.0 * mse.log10())
