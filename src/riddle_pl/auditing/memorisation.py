"""Does a generator repeat the people it was trained on? The nearest training face of each sample tells."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from riddle_pl.auditing.audit import Bench, Figure

BLOCK = 512


class Nearest(NamedTuple):
    """The training face most like each face."""

    cosine: Float[Tensor, "n"]
    face: Int[Tensor, "n"]
    """Among the training faces."""


def nearest(faces: Float[Tensor, "n d"], training: Float[Tensor, "m d"]) -> Nearest:
    """By the cosine of embeddings of unit length."""
    found = [(rows @ training.T).max(dim=1) for rows in faces.split(BLOCK)]
    return Nearest(torch.cat([best.values for best in found]), torch.cat([best.indices for best in found]))


def memorisation_figures(bench: Bench, section: str, near: dict[str, Nearest], threshold: float) -> list[Figure]:
    """How near training faces are to several kinds of faces, and the share that passes for one of them.

    Args:
        section: heading.
        near: by kind of face.
        threshold: cosine above which two images count as one person's.
    """
    figures = []
    for kind, (cosine, _) in near.items():
        passes = bench.estimate((cosine > threshold).float())
        figures += [
            Figure.of(section, f"{kind}: share with a training face above the threshold", passes),
            Figure.of(section, f"{kind}: mean cosine to the nearest training face", bench.estimate(cosine)),
            Figure.plain(section, f"{kind}: 99th percentile of that cosine", _percentile(cosine), len(cosine)),
        ]
    return figures


def _percentile(cosine: Float[Tensor, "n"]) -> float:
    return float(torch.quantile(cosine.double(), 0.99))
