"""Writes the files of an evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from riddle_pl.errors import FileError
from riddle_pl.evaluation.report.html import write_page
from riddle_pl.evaluation.report.report import Evaluation, Report, flat
from riddle_pl.evaluation.report.tables import FORMATS, Table, markdown_page
from riddle_pl.evaluation.report.tables.formats import csv_text
from riddle_pl.evaluation.report.tables.select import source
from riddle_pl.evaluation.scores import Row
from riddle_pl.files import read_json, require_writable_dir, write_text


def write_evaluation(evaluation: Evaluation, tables: Sequence[Table], folder: Path) -> list[Path]:
    """All tables, the page with figures and, last, ``report.json``; each file whole or not at all.

    Args:
        evaluation: its report and traces.
        tables: of its report, and others that belong beside them.
        folder: where to; it exists.

    Returns:
        The figures.

    Raises:
        FileError: the folder cannot be written to.
    """
    report, traces = evaluation
    write_text(folder / "table.csv", numbers([report]))
    write_tables(tables, folder / "tables")
    _, *figures = write_page(report, tables, traces, folder)
    write_report(report, tables, folder)
    return figures


def write_report(report: Report, tables: Sequence[Table], folder: Path) -> list[Path]:
    """All tables on one page, ``table.md``, and every number, ``report.json``; each file whole or not at all.

    Raises:
        FileError: the folder cannot be written to.
    """
    markdown, whole = folder / "table.md", folder / "report.json"
    write_text(markdown, page(report, tables))
    report.write(whole)
    return [markdown, whole]


def require_own_report(folder: Path) -> None:
    """Makes sure that :func:`write_report` writes over nothing but an earlier report.

    Raises:
        FileError: something else is there.
    """
    there = [path for path in (folder / "table.md", folder / "report.json") if path.exists()]
    try:
        own = "format_version" in read_json(folder / "report.json") if there else True
    except (OSError, ValueError, TypeError):
        own = False
    if not own:
        raise FileError(f"{there[0]} is nothing that riddle wrote and is left as it is; give another folder")


def write_tables(tables: Sequence[Table], folder: Path) -> list[Path]:
    """Every table in every format: ``folder/<name>.<suffix>``.

    Raises:
        FileError: the folder cannot be made or written to.
    """
    require_writable_dir(folder, "folder of the tables", create=True)
    paths = []
    for table in tables:
        for suffix, convert in FORMATS.items():
            paths.append(folder / f"{table.name}.{suffix}")
            write_text(paths[-1], convert(table))
    return paths


def page(report: Report, tables: Sequence[Table]) -> str:
    """All tables in Markdown, with what they depend on above and how to read them below."""
    facts = {key: value for key, value in report.about.items() if key not in ("title", "networks")}
    left_out = {f"left out: {judge}": reason for judge, reason in report.left_out.items()}
    return markdown_page(report.title, facts | left_out, tables, report.notes)


def numbers(reports: Sequence[Report]) -> str:
    """Every number of the reports in CSV, one a line, with its judge's threshold and where it comes from."""
    return csv_text([_record(report, row) for report in reports for row in report.rows])


def _record(report: Report, row: Row) -> dict[str, Any]:
    judge = report.judge(row.judge)
    return {
        "method": report.method.label,
        **flat(row),
        "threshold": judge.calibration.threshold if judge.calibration else None,
        "used_in_training_loss": judge.used_in_training_loss,
        **source(report),
    }
