"""The headline rates of a report."""

from collections.abc import Mapping
from typing import NamedTuple

from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.images import PHOTO, X
from riddle_pl.judging.measures import Measure, Statistic

ASKED: Mapping[Measure, str] = {
    Measure.DEIDENTIFICATION: "of encrypted faces are still taken for the original",
    Measure.RECOVERY: "of recovered faces are taken for the original",
    Measure.WRONG_PASSWORD: "of faces decrypted with a wrong password are taken for the original",
}
"""Metrics, and how their rate reads."""

REFERENCES = (X, PHOTO)
"""The original, in order of preference."""


class Highlight(NamedTuple):
    """One number in words."""

    percent: str
    interval: str
    meaning: str
    judge: str


def highlights(report: Report) -> list[Highlight]:
    """Rates of the first recogniser that did not train the encryptor; of the first there is, where all did."""
    rows = [
        row for row in report.rows if row.metric in ASKED and row.statistic is Statistic.RATE and row.estimate.faces
    ]
    names = list(dict.fromkeys(row.judge for row in rows))
    independent = [name for name in names if not report.judge(name).used_in_training_loss]
    chosen = next(iter(independent or names), None)
    found = [_first(rows, chosen, metric) for metric in ASKED]
    return [_words(report, row) for row in found if row is not None]


def _first(rows: list[Row], judge: str | None, metric: Measure) -> Row | None:
    fitting = {row.reference: row for row in rows if (row.judge, row.metric) == (judge, metric)}
    return next((fitting[reference] for reference in REFERENCES if reference in fitting), None)


def _words(report: Report, row: Row) -> Highlight:
    mean, low, high, faces = row.estimate
    judge = f"{row.judge} (trained the encryptor)" if report.judge(row.judge).used_in_training_loss else row.judge
    return Highlight(
        percent=_percent(mean),
        interval=f"95 % interval {_percent(low)} to {_percent(high)}, {faces} faces",
        meaning=f"{ASKED[row.metric]} (its {row.reference})",
        judge=judge,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"
