"""Terminal output of ``riddle-eval``: the main rates beside the baseline of different people, and the files."""

from collections.abc import Sequence
from pathlib import Path

from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.tables import FORMATS, Line, Table
from riddle_pl.evaluation.report.tables.select import judge_title, judges, measure, number, words
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.images import X_ENC1
from riddle_pl.judging.measures import Measure, Statistic

DECIDING = (
    Measure.DEIDENTIFICATION,
    Measure.RECOVERY,
    Measure.WRONG_PASSWORD,
    Measure.TWO_PASSWORDS,
    Measure.INVERSION,
    Measure.STRANGERS,
)
"""On the screen, as rates by threshold; the baseline last."""

COLUMNS = 2
"""Recognisers on the screen: so many fit into a hundred columns."""


def screen(report: Report, out: Path) -> str:
    """Identification rates of one evaluation, by independent recognisers first; the baseline last.

    Args:
        report: with all numbers.
        out: folder that the report and its tables were written to.

    Returns:
        At most 30 lines of about 100 columns.
    """
    rows = [row for row in report.rows if row.metric in DECIDING and row.statistic == Statistic.RATE]
    shown, others = _columns(report, rows)
    notes = [
        f"{len(report.names)} faces at {report.method.size} px, seed {report.about.get('seed')}; in brackets: 95 %",
        *_thresholds(report, shown),
        *_detection(report),
        *([f"other judges, in table.md: {', '.join(others)}"] if others else []),
        *([f"left out, with reasons in table.md: {', '.join(report.left_out)}"] if report.left_out else []),
    ]
    columns = [judge_title([report], name) for name in shown]
    table = Table("screen", report.title, ["same person", "against"], columns, _lines(rows, shown), notes)
    return "\n".join([FORMATS["md"](table), f"Written to {out}:", *_files(out)])


def _columns(report: Report, rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Recognisers to show and the others, those that took part in training last."""
    wanted = {row.judge for row in rows}
    names = sorted((n for n in judges([report], DECIDING) if n in wanted), key=lambda n: judge_title([report], n) != n)
    return names[:COLUMNS], names[COLUMNS:]


def _lines(rows: Sequence[Row], shown: Sequence[str]) -> list[Line]:
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: DECIDING.index(row.metric)):
        if row.metric == Measure.STRANGERS:
            place = ("strangers (baseline)", f"another's {words(row.reference)}")
        else:
            place = (measure(row), words(row.reference))
        found.setdefault(place, {})[row.judge] = row
    return [Line(place, [number(by_judge.get(name)) for name in shown]) for place, by_judge in found.items()]


def _thresholds(report: Report, shown: Sequence[str]) -> list[str]:
    entries = [report.judge(name) for name in shown]
    return [
        f"{judge.name}: one person above a cosine of {judge.calibration.threshold:.4f}, at a false-accept rate of "
        f"{judge.calibration.far:.2g}"
        for judge in entries
        if judge.calibration is not None
    ]


def _detection(report: Report) -> list[str]:
    rows = [row for row in report.rows if row.metric == Measure.FACE_DETECTION and row.image == X_ENC1]
    found = [f"{row.judge} {number(row)}" for row in rows]
    return [f"a face is found in the encrypted images: {', '.join(found)}"] if found else []


def _files(out: Path) -> list[str]:
    return [
        f"  {out / 'report.html'}   everything on one page",
        "  table.md, table.csv, report.json   every number",
        "  tables/, figures/   one file each, as Markdown, CSV, JSON, LaTeX; PNG",
    ]


def shortened(text: str, path: Path, lines: int = 40) -> str:
    """The first lines of a report for people, and in which file the others are.

    Args:
        text: all of it.
        path: of the file that has it.
        lines: how many to keep.
    """
    every = text.rstrip("\n").splitlines()
    more = [f"... {len(every) - lines} more lines in {path}"] if len(every) > lines else []
    return "\n".join([*every[:lines], *more])
