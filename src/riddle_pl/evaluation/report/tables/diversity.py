"""Diversity of one face's encryptions under many passwords."""

from collections.abc import Mapping, Sequence

from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Table
from riddle_pl.evaluation.report.tables.select import (
    INTERVALS,
    captions,
    judge_title,
    number,
    source,
    thresholds,
    words,
)
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.measures import Measure, Statistic

STATISTICS = {Statistic.MEAN_DISTANCE: "mean distance ↑", Statistic.DIFFERENT_PEOPLE: "different people ↑"}


def diversity_table(reports: Sequence[Report]) -> Table:
    """Mean cosine distance of the pairs among a face's images, and their share that counts as two people's."""
    lines = []
    for report in reports:
        found: dict[tuple[str, str], dict[Statistic, Row]] = {}
        for row in report.rows:
            if row.metric is Measure.DIVERSITY:
                found.setdefault((row.judge, row.image), {})[row.statistic] = row
        lines += [
            Line(
                [report.method.label, judge_title([report], judge), words(image), _faces(rows)],
                [number(rows.get(statistic)) for statistic in STATISTICS],
                source(report),
            )
            for (judge, image), rows in found.items()
        ]
    passwords = dict.fromkeys(str(report.about["diversity"]) for report in reports if "diversity" in report.about)
    return Table(
        "diversity",
        "Diversity: one face under many passwords",
        ["method", "judge", "images", "faces"],
        list(STATISTICS.values()),
        lines,
        [
            *captions(reports),
            *passwords,
            *thresholds(reports),
            INTERVALS,
            "Pairs among one face's images: cosine distance (1 - cosine), and the share that counts as two people's. "
            "The paper gives no numbers for it",
        ],
    )


def _faces(rows: Mapping[Statistic, Row]) -> str:
    return str(next(iter(rows.values())).estimate.faces)
