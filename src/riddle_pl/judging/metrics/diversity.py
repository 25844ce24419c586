"""Diversity of one face's images under many passwords."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.judging.metrics.face_mean import FaceMean


class PairwiseDistance(FaceMean):
    """Mean cosine distance (1 - cosine) of the pairs among a face's images; 0 where they are all alike."""

    def update(self, cosines: Float[Tensor, "b pairs"]) -> None:
        """Takes the cosines of all pairs of each face's images; a face with one image has none and does not count."""
        if cosines.shape[1]:
            self.values.append(1.0 - cosines.mean(dim=1))


class DifferentPeople(FaceMean):
    """Share of the pairs among a face's images that count as two people's: their cosine is at most the threshold.

    Args:
        threshold: of the cosine.
        kwargs: see :class:`FaceMean`.
    """

    def __init__(self, threshold: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.threshold = threshold

    def update(self, cosines: Float[Tensor, "b pairs"]) -> None:
        """See :meth:`PairwiseDistance.update`."""
        if cosines.shape[1]:
            self.values.append((cosines <= self.threshold).float().mean(dim=1))


def pair_cosines(embeddings: Float[Tensor, "n d"]) -> Float[Tensor, "pairs"]:
    """Cosines of the n (n - 1) / 2 pairs of rows.

    >>> pair_cosines(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    unit = torch.nn.functional.normalize(embeddings, dim=1)
    first, second = torch.triu_indices(len(unit), len(unit), offset=1)
    return (unit[first] * unit[second]).sum(dim=1)
