"""Quality of recovered images: MSE, SSIM, PSNR and perceptual distances."""

from collections.abc import Sequence

from riddle_pl.evaluation.report.paper import paper
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.evaluation.report.tables.select import ARROWS, INTERVALS, captions, number, source, words
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.images import X_DEC
from riddle_pl.judging.measures import Measure

PIXELS = {Measure.MSE: "lower", Measure.SSIM: "higher", Measure.PSNR: "higher"}
PERCEPTUAL = (Measure.LPIPS, Measure.PACK_FEATURES)
"""Two measures, not two names of one: only the first is the paper's."""


def quality_table(reports: Sequence[Report]) -> Table:
    """One column per measure, the paper's beside it."""
    better = PIXELS | {row.metric: row.better for report in reports for row in report.rows if row.metric in PERCEPTUAL}
    metrics = [metric for metric in (Measure.MSE, *PERCEPTUAL, Measure.SSIM, Measure.PSNR) if metric in better]
    theirs = list(next(iter(paper().quality.values())))
    lines = [line for report in reports for line in _lines(report, metrics, theirs)]
    covered = {report.method.paper for report in reports}
    lines += [
        Line([f"{method} (paper)", X_DEC, ""], [*[None] * len(metrics), *_paper_numbers(method, theirs)])
        for method in paper().quality
        if method not in covered
    ]
    return Table(
        "quality",
        "Recovered image quality",
        ["method", "image", "reference"],
        [metric + ARROWS[better[metric]] for metric in metrics] + [f"{metric}, {paper().column}" for metric in theirs],
        lines,
        [
            *captions(reports),
            INTERVALS,
            "Images in [0, 1] at the method's size; PSNR in dB. pack_features: distance in the features of the pack's "
            "own perceptual network, which is not LPIPS and not to be compared with it",
            f"Paper: {paper().source}, {paper().setting}, not measured here",
        ],
    )


def _lines(report: Report, metrics: Sequence[Measure], theirs: Sequence[str]) -> list[Line]:
    found: dict[tuple[str, str], dict[Measure, Row]] = {}
    for row in report.rows:
        if row.metric in metrics:
            found.setdefault((row.image, row.reference), {})[row.metric] = row
    lines: list[Line] = []
    for (image, reference), rows in found.items():
        first = image == X_DEC and not any(line.labels[1] == X_DEC for line in lines)
        paper_numbers = _paper_numbers(report.method.paper if first else None, theirs)
        numbers = [_number(rows.get(metric)) for metric in metrics]
        lines.append(
            Line([report.method.label, words(image), words(reference)], [*numbers, *paper_numbers], source(report))
        )
    return lines


def _number(row: Row | None) -> Number | None:
    if row is not None and row.metric is Measure.MSE:
        return Number.of(row.estimate, 4)
    return number(row)


def _paper_numbers(method: str | None, metrics: Sequence[str]) -> list[Number | None]:
    numbers = paper().quality.get(method or "", {})
    return [Number(numbers[metric]) if metric in numbers else None for metric in metrics]
