"""Identification rates: de-identification, recovery, wrong passwords; one column per recogniser."""

from collections.abc import Sequence

from riddle_pl.evaluation.report.paper import paper
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.evaluation.report.tables.select import (
    INTERVALS,
    captions,
    judge_title,
    judges,
    measure,
    number,
    source,
    thresholds,
    words,
)
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.measures import Measure, Statistic

METRICS = (
    Measure.DEIDENTIFICATION,
    Measure.RECOVERY,
    Measure.WRONG_PASSWORD,
    Measure.NEAR_MISS,
    Measure.TWO_PASSWORDS,
    Measure.INVERSION,
    Measure.STRANGERS,
)

STATISTICS = {
    Statistic.RATE: ("identification", "De-identification and recovery: share identified by threshold"),
    Statistic.RANK_1: ("identification_rank", "De-identification and recovery: share identified by rank"),
    Statistic.MEAN_COSINE: ("identification_cosine", "De-identification and recovery: mean cosine"),
}
"""Name and title by statistic."""


def identification_tables(reports: Sequence[Report]) -> list[Table]:
    """One table per statistic; the paper's rates stand beside those by threshold."""
    return [_table(reports, statistic) for statistic in STATISTICS]


def _table(reports: Sequence[Report], statistic: Statistic) -> Table:
    name, title = STATISTICS[statistic]
    names = judges(reports, METRICS)
    with_paper = statistic is Statistic.RATE
    lines = [line for report in reports for line in _lines(report, names, statistic, with_paper)]
    notes = [*captions(reports), *thresholds(reports), INTERVALS]
    columns = [judge_title(reports, judge) for judge in names]
    if with_paper:
        lines += _of_the_paper_only(reports, len(names))
        columns += [f"{judge}, {paper().column}" for judge in _paper_judges()]
        notes.append(
            f"Paper: {paper().source}, {paper().setting}, not measured here. Its reference is taken to be the "
            "inversion, as far as its released code shows"
        )
    return Table(name, title, ["method", "measure", "image", "reference"], columns, lines, notes)


def _lines(report: Report, names: Sequence[str], statistic: Statistic, with_paper: bool) -> list[Line]:
    found: dict[tuple[Measure, str, str, str], dict[str, Row]] = {}
    for row in report.rows:
        if row.metric in METRICS and row.statistic == statistic:
            found.setdefault((row.metric, measure(row), row.image, row.reference), {})[row.judge] = row
    lines = []
    shown: set[Measure] = set()  # the first reference is the inversion where there is one
    for (metric, title, image, reference), rows in found.items():
        theirs = [] if metric in shown else _paper_numbers(metric, report.method.paper)
        shown.add(metric)
        other = f"another person's {words(reference)}" if image == reference else words(reference)
        numbers = [number(rows.get(name)) for name in names]
        if with_paper:
            numbers += theirs or [None] * len(_paper_judges())
        lines.append(Line([report.method.label, title, words(image), other], numbers, source(report)))
    return lines


def _of_the_paper_only(reports: Sequence[Report], judges_here: int) -> list[Line]:
    covered = {report.method.paper for report in reports}
    return [
        Line(
            [f"{method} (paper)", f"{metric} {'↓' if metric is Measure.DEIDENTIFICATION else '↑'}", "", ""],
            [*[None] * judges_here, *_paper_numbers(metric, method)],
        )
        for metric, methods in paper().identification.items()
        for method in methods
        if method not in covered
    ]


def _paper_judges() -> list[str]:
    return list(next(iter(paper().identification[Measure.RECOVERY].values())))


def _paper_numbers(metric: Measure, method: str | None) -> list[Number | None]:
    numbers = paper().identification.get(metric, {}).get(method or "", {})
    return [Number(numbers[judge]) if judge in numbers else None for judge in _paper_judges()]
