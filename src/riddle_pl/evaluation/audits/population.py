"""Samples compared with real faces: Fréchet distance, diversity and memorisation."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from riddle_pl.evaluation.audits.audit import AuditContext
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.judging.metrics import FrechetDistance
from riddle_pl.judging.pairs import STRANGERS, strangers


def population_figures(
    judge: str, real: Float[Tensor, "m d"], drawn: Mapping[str, Float[Tensor, "n d"]], count: int, seed: int
) -> list[Measurement]:
    """Fréchet distances, beside that of two disjoint halves of real faces, and diversity.

    Args:
        judge: name of the recogniser.
        real: its embeddings of real faces, of unit length.
        drawn: of samples, by name.
        count: faces on each side of a distance, at most: half of the real ones if they are fewer.
        seed: chooses the halves.
    """
    count = min(count, len(real) // 2)
    order = torch.randperm(len(real), generator=torch.Generator().manual_seed(seed))
    first, second = real[order[: 2 * count]].split(count)
    section = f"FD-{judge}"
    figures = [
        Measurement.plain(section, f"samples at {name} to real faces", frechet(rows[:count], first), count, "lower")
        for name, rows in drawn.items()
    ]
    floor = frechet(second, first)
    figures.append(Measurement.plain(section, "real faces to other real faces (the floor)", floor, count))
    section, between = f"Diversity by {judge}", mean_distance(first)
    figures.append(Measurement.plain(section, "mean distance of two real people", between, count))
    for name, rows in drawn.items():
        among = mean_distance(rows)
        figures += [
            Measurement.plain(section, f"mean distance of two samples at {name}", among, len(rows)),
            Measurement.plain(section, f"the same over real people's, {name}", among / between, len(rows), "higher"),
        ]
    return figures


def confusion_figures(
    judge: str, drawn: Mapping[str, Float[Tensor, "n d"]], threshold: float, far: float
) -> list[Measurement]:
    """False-accept rate between samples, at the threshold of ``far`` for real people.

    Args:
        judge: name of the recogniser.
        drawn: its embeddings of samples, of unit length, by name; the first 2000 of each make pairs.
        threshold: cosine above which two images count as one person's.
        far: the share of pairs of different real people that exceed it.
    """
    return [
        Measurement.plain(
            f"Diversity by {judge}",
            f"two samples at {name} pass for one person, at FAR {far:g}",
            float((strangers(rows, name).cosines > threshold).double().mean()),
            min(len(rows), STRANGERS),
            "lower",
        )
        for name, rows in drawn.items()
    ]


def frechet(features: Float[Tensor, "n d"], references: Float[Tensor, "m d"]) -> float:
    """The Fréchet distance of two sets of embeddings."""
    metric = FrechetDistance(features.shape[1])
    metric.update(features, references)
    return float(metric.compute().mean)


def mean_distance(rows: Float[Tensor, "n d"]) -> float:
    """Mean of 1 - cosine over all pairs: from the length of the sum, since Σ_ij a_i·a_j = ‖Σ_i a_i‖²."""
    count = len(rows)
    total = rows.double().sum(dim=0).square().sum() - count
    return float(1.0 - total / (count * (count - 1)))


# Memorisation: the nearest training face of each sample.

BLOCK = 512


class Nearest(NamedTuple):
    """The nearest training face of each face."""

    cosine: Float[Tensor, "n"]
    face: Int[Tensor, "n"]
    """Among the training faces."""


def nearest(faces: Float[Tensor, "n d"], training: Float[Tensor, "m d"]) -> Nearest:
    """By the cosine of embeddings of unit length."""
    found = [(rows @ training.T).max(dim=1) for rows in faces.split(BLOCK)]
    return Nearest(torch.cat([best.values for best in found]), torch.cat([best.indices for best in found]))


def memorisation_figures(
    context: AuditContext, section: str, near: dict[str, Nearest], threshold: float
) -> list[Measurement]:
    """Cosine to the nearest training face by kind of face, and the share above the threshold.

    Args:
        section: heading.
        near: by kind of face.
        threshold: cosine above which two images count as one person's.
    """
    figures = []
    for kind, (cosine, _) in near.items():
        passes = context.estimate((cosine > threshold).float())
        figures += [
            Measurement.of(section, f"{kind}: share with a training face above the threshold", passes),
            Measurement.of(section, f"{kind}: mean cosine to the nearest training face", context.estimate(cosine)),
            Measurement.plain(section, f"{kind}: 99th percentile of that cosine", _percentile(cosine), len(cosine)),
        ]
    return figures


def _percentile(cosine: Float[Tensor, "n"]) -> float:
    return float(torch.quantile(cosine.double(), 0.99))
