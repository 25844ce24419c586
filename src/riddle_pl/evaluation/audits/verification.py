"""Face verification: LFW's protocol, and a ROC curve."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.errors import DataError
from riddle_pl.evaluation.audits.audit import AuditContext, Findings, Picture
from riddle_pl.evaluation.audits.plots import curves_plot
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.figures.roc import roc_curve
from riddle_pl.judging.calibration import Calibration, calibrate
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.metrics import Estimate
from riddle_pl.judging.metrics.auroc import auroc
from riddle_pl.judging.pairs import PairSimilarities, lfw_pairs


def calibrated(context: AuditContext, people: LFW, far: float, findings: Findings) -> dict[str, Calibration]:
    """Calibrates the threshold of each recogniser, and reports it.

    Args:
        context: has the recognisers.
        people: their pairs.
        far: false-accept rate.
        findings: receive a line per recogniser.

    Raises:
        DataError: there is no pair of different people.
    """
    thresholds = {}
    for recogniser in context.recognisers:
        pairs = lfw_pairs(recogniser, people, context.pack.size, context.cache_dir, context.quiet)
        found = calibrate(pairs, far)
        thresholds[recogniser.name] = found
        findings.about[f"same person by {recogniser.name}"] = (
            f"cosine above {found.threshold:.4f} (FAR {far:g} on {pairs.origin}), which {found.tar:.3f} of the pairs "
            "of one person exceed"
        )
    return thresholds


def fold_starts(same: Bool[Tensor, "p"]) -> list[int]:
    """Where the folds of LFW's View 2 begin: each lists its pairs of one person first, then those of two.

    Pairs may be missing: only the order counts.
    """
    return [i for i in range(len(same)) if bool(same[i]) and (i == 0 or not bool(same[i - 1]))]


def fold_accuracies(pairs: PairSimilarities) -> Float[Tensor, "k"]:
    """Accuracy on each fold, at the threshold that is best on the other folds.

    Raises:
        DataError: fewer than two folds.

    Source: Huang et al., "Labeled Faces in the Wild" (2007), View 2.
    """
    starts = fold_starts(pairs.same)
    if len(starts) < 2:
        raise DataError(f"{pairs.origin} make {len(starts)} fold; accuracy by folds needs at least 2: give View 2's")
    accuracies = []
    for first, last in zip(starts, [*starts[1:], len(pairs.same)], strict=True):
        inside = torch.zeros(len(pairs.same), dtype=torch.bool)
        inside[first:last] = True
        threshold = best_threshold(pairs.cosines[~inside], pairs.same[~inside])
        accuracies.append(((pairs.cosines[inside] > threshold) == pairs.same[inside]).double().mean())
    return torch.stack(accuracies)


def best_threshold(cosines: Float[Tensor, "p"], same: Bool[Tensor, "p"]) -> float:
    """The most accurate threshold; the middle of its interval."""
    rising, order = cosines.double().sort()
    kinds = same[order].long()
    # with the threshold before rank i: different pairs below it are right, and same pairs from it on
    below = torch.cat([torch.zeros(1, dtype=torch.long), (1 - kinds).cumsum(0)])
    above = kinds.sum() - torch.cat([torch.zeros(1, dtype=torch.long), kinds.cumsum(0)])
    rank = int((below + above).argmax())
    edges = torch.cat([rising[:1] - 1.0, rising, rising[-1:] + 1.0])
    return float((edges[rank] + edges[rank + 1]) / 2.0)


def verification_figures(
    context: AuditContext, name: str, pairs: PairSimilarities, fars: Sequence[float]
) -> list[Measurement]:
    """Accuracy by folds, share of pairs of one person that pass at several false-accept rates, area under the curve."""
    section = f"Verification by {name}"
    folds = fold_accuracies(pairs)
    accuracy = context.estimate(folds)
    count = len(pairs.same)
    figures = [
        Measurement.of(section, f"accuracy, mean of {len(folds)} folds", Estimate(*accuracy[:3], count), "higher", 4),
        Measurement.plain(
            section, "standard error of that mean", float(folds.std() / len(folds) ** 0.5), len(folds), "", 4
        ),
    ]
    for far in fars:
        found = calibrate(pairs, far)
        passes = (pairs.cosines[pairs.same] > found.threshold).float()
        title = f"share of pairs of one person that pass at FAR {far:g} (cosine above {found.threshold:.3f})"
        figures.append(Measurement.of(section, title, context.estimate(passes), "higher"))
    area = auroc(pairs.cosines[pairs.same], pairs.cosines[~pairs.same])
    return [*figures, Measurement.plain(section, "area under the ROC curve", area, count, "higher", 4)]


def roc_points(pairs: PairSimilarities) -> tuple[Float[np.ndarray, "_k"], Float[np.ndarray, "_k"]]:
    """False-accept rates and accepted shares of pairs of one person."""
    cosines = pairs.cosines.double().numpy()
    same = pairs.same.numpy()
    return roc_curve(cosines[same], cosines[~same])


def roc_picture(curves: dict[str, tuple[Float[np.ndarray, "_k"], Float[np.ndarray, "_k"]]]) -> Picture:
    """ROC curves of several recognisers on the same pairs."""
    image = curves_plot(
        curves, "false-accept rate: different people accepted", "pairs of one person accepted", logarithmic=True
    )
    return Picture("roc", "ROC on the pairs of LFW at the pack's resolution", image, True)
