"""Identification rates and cosines of embeddings."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from riddle_pl.judging.metrics.face_mean import FaceMean


class MeanCosine(FaceMean):
    """Mean cosine similarity of each face's two embeddings."""

    def update(self, embeddings: Float[Tensor, "b d"], references: Float[Tensor, "b d"]) -> None:
        self.values.append(F.cosine_similarity(embeddings, references, dim=1))


class IdentificationRate(FaceMean):
    """Share of faces whose two embeddings are one person's: their cosine exceeds the threshold.

    >>> rate = IdentificationRate(threshold=0.5)
    >>> rate.update(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.1], [1.0, 0.0]]))
    >>> rate.compute().mean
    0.5

    Args:
        threshold: of the cosine; see :func:`riddle_pl.judging.calibration.calibrate`.
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
