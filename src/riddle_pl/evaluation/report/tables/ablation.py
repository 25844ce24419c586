"""What each part of the method is worth: experiments side by side, each trained with several seeds."""

import math
import statistics
from collections.abc import Mapping, Sequence

from scipy.stats import t as student_t

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.report.paper import paper
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.evaluation.report.tables.select import captions, judge_title, thresholds
from riddle_pl.evaluation.report.tables.utility import FRECHET
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.images import PHOTO, X_ENC1, X
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics.estimate import LEVEL

COLUMNS = {
    Measure.DEIDENTIFICATION: "de-identification ↓",
    Measure.RECOVERY: "recovery ↑",
    Measure.WRONG_PASSWORD: "wrong password ↓",
    Measure.DIVERSITY: "different people ↑",
    Measure.FID: "Fréchet distance ↓",
}
"""Title by column; rates are those by threshold."""
PAPER_COLUMNS = (Measure.DEIDENTIFICATION, Measure.RECOVERY, Measure.FID)
"""Those that the paper's ablation has too."""

Place = tuple[str, str]
"""Judge and reference."""


def ablation_table(reports: Mapping[str, Sequence[Report]]) -> Table:
    """One line per experiment, judge and reference: mean over training seeds, and its interval where there are two.

    Args:
        reports: of each experiment (``riddle``, ``wo_transformer``, ...; or any name), one per training seed.

    Raises:
        ConfigError: two reports of one experiment are of the same training, or were not made alike.
    """
    everything = [report for some in reports.values() for report in some]
    _check_alike(everything)
    lines = []
    for experiment, some in reports.items():
        _check_distinct(experiment, some)
        lines += _lines(experiment, some)
    return Table(
        "ablation",
        "Ablation",
        ["experiment", "paper's name", "judge", "reference"],
        [*COLUMNS.values(), *(f"{COLUMNS[name]}, {paper().column}" for name in PAPER_COLUMNS)],
        lines,
        [
            *captions(everything),
            *thresholds(everything),
            "Mean over training seeds; in brackets: its 95 % interval (Student's t over the seeds), none for one seed",
            "Rates are shares identified by threshold. Different people: share of the pairs among one face's "
            "encryptions under many passwords. Fréchet distance: FID where the judge is inception, else on "
            "the judge's features",
            f"Paper: {paper().source}, {paper().setting}, judged by FaceNet CASIA; not measured here",
        ],
    )


def tables_of_runs(reports: Sequence[Report]) -> list[Table]:
    """The ablation table of reports that all come from training runs; none where one does not.

    Raises:
        ConfigError: see :func:`ablation_table`.
    """
    runs: dict[str, list[Report]] = {}
    for report in reports:
        if report.method.experiment is None:
            return []
        runs.setdefault(report.method.experiment, []).append(report)
    return [ablation_table(runs)]


def mean_over_seeds(values: Sequence[float]) -> Number:
    """The mean, and Student's t interval of it where there are at least two values."""
    mean, count = statistics.fmean(values), len(values)
    if count < 2 or math.isnan(mean):
        return Number(mean, math.nan, math.nan, count)
    reach = float(student_t.ppf((1.0 + LEVEL) / 2.0, count - 1)) * statistics.stdev(values) / math.sqrt(count)
    return Number(mean, mean - reach, mean + reach, count)


def figures_by_place(reports: Sequence[Report]) -> dict[Place, dict[Measure, list[float]]]:
    """The values of each column of :data:`COLUMNS`, one per report, by judge and reference."""
    found: dict[Place, dict[Measure, list[float]]] = {}
    for report in reports:
        for row in report.rows:
            for place in _places(row):
                found.setdefault(place, {}).setdefault(_column(row), []).append(row.estimate.mean)
    return found


def _lines(experiment: str, reports: Sequence[Report]) -> list[Line]:
    found = figures_by_place(reports)
    entry = paper().ablation.get(experiment)
    theirs = [Number(entry.numbers[name]) if entry else None for name in PAPER_COLUMNS]
    seeds = ", ".join(str(report.method.seed) for report in reports)
    hashes = ", ".join(report.method.sha256 or "" for report in reports)
    lines = []
    for (judge, reference), columns in found.items():
        labels = [experiment, entry.row if entry else "", judge_title(reports, judge), reference]
        ours = [mean_over_seeds(columns[name]) if name in columns else None for name in COLUMNS]
        lines.append(Line(labels, [*ours, *theirs], {"training seeds": seeds, "sha256": hashes}))
        theirs = [None] * len(PAPER_COLUMNS)  # once per experiment
    return lines


def _column(row: Row) -> Measure:
    return Measure.FID if row.metric in FRECHET else row.metric


def _places(row: Row) -> list[Place]:
    """Judge and reference of the line that shows the row; none where no line does."""
    if row.metric is Measure.DIVERSITY and (row.image, row.statistic) == (X_ENC1, Statistic.DIFFERENT_PEOPLE):
        return [(row.judge, X)]
    rate = row.metric in COLUMNS and row.statistic is Statistic.RATE
    if (rate or (row.metric in FRECHET and row.image == X_ENC1)) and row.reference in (X, PHOTO):
        return [(row.judge, row.reference)]
    return []


def _check_distinct(experiment: str, reports: Sequence[Report]) -> None:
    if not reports:
        raise ConfigError(f"{experiment} has no report; give at least one, or leave it out")
    hashes = [report.method.sha256 for report in reports if report.method.sha256]
    if len(set(hashes)) < len(hashes):
        raise ConfigError(f"two reports of {experiment} are of the same checkpoint; give one per training seed")


def _check_alike(reports: Sequence[Report]) -> None:
    faces = {(tuple(report.names), report.method.size) for report in reports}
    if len(faces) > 1:
        raise ConfigError(
            "the reports are of different faces or sizes; evaluate all of them with the same data, seed and pack"
        )
