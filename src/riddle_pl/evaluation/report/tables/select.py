"""Finds the rows of reports that a table shows."""

from collections.abc import Iterable, Mapping, Sequence

from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Number
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.measures import Measure, Statistic

ARROWS: Mapping[str, str] = {"lower": " ↓", "higher": " ↑", "": ""}
DIGITS: Mapping[Statistic, int] = {Statistic.DB: 2, Statistic.PX: 2}
"""After the point, by statistic; 3 for the others."""


def measure(row: Row) -> str:
    """The measure with an arrow to the better side."""
    return row.title + ARROWS[row.better]


def words(name: str) -> str:
    """An image's name for people."""
    return name.replace("_", " ")


def number(row: Row | None) -> Number | None:
    """A row's estimate with as many digits as its statistic needs."""
    return None if row is None else Number.of(row.estimate, DIGITS.get(row.statistic, 3))


def source(report: Report) -> dict[str, str]:
    """What a line's numbers come from, for CSV and JSON."""
    method = report.method
    return {
        "size": str(method.size),
        "faces": str(len(report.names)),
        "seed": str(report.about.get("seed", "")),
        "sha256": method.sha256 or "",
    }


def judge_title(reports: Sequence[Report], name: str) -> str:
    """A judge's name; marked where some report's encryptor was trained with it."""
    return f"{name} (trained it)" if any(report.judge(name).used_in_training_loss for report in reports) else name


def judges(reports: Sequence[Report], metrics: Iterable[Measure]) -> list[str]:
    """The judges of these metrics, in the order of the reports."""
    wanted = set(metrics)
    return list(dict.fromkeys(row.judge for report in reports for row in report.rows if row.metric in wanted))


def captions(reports: Sequence[Report]) -> list[str]:
    """What every table says about its origin: method, checkpoint, images, seed, thresholds, intervals."""
    lines = []
    for report in reports:
        method = report.method
        facts = [f"{len(report.names)} faces at {method.size} px", f"seed {report.about.get('seed')}"]
        facts += [f"pack {report.about['pack'].partition(',')[0]}"] if "pack" in report.about else []
        facts += [f"sha256 {method.sha256[:16]}"] if method.sha256 else []
        lines.append(f"{method.label}: {', '.join(facts)}")
    return lines


def thresholds(reports: Sequence[Report]) -> list[str]:
    """Each recogniser's threshold and where it comes from; one line where reports agree."""
    lines = []
    for report in reports:
        for judge in report.judges:
            if (c := judge.calibration) is not None:
                rate = f"{round(c.far * c.different)} of {c.different} pairs of different people"
                same = f" and {c.tar:.1%} of {c.same} pairs of one person" if c.same else ""
                note = f" ({judge.note})" if judge.note else ""
                lines.append(
                    f"{judge.name}{note}: same person above a cosine of {c.threshold:.4f}, calibrated on "
                    f"{judge.calibrated_on}; it accepts {rate}{same}"
                )
    return list(dict.fromkeys(lines))


INTERVALS = "In brackets: 95 % interval (percentile bootstrap over faces)"
