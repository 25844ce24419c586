"""Writes the files of an evaluation."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from riddle_pl.evaluation.report.html import write_page
from riddle_pl.evaluation.report.report import Evaluation, Report, flat
from riddle_pl.evaluation.report.tables import FORMATS, Table, markdown_page
from riddle_pl.evaluation.report.tables.select import source
from riddle_pl.files import require_writable_dir, write_text


class Written(NamedTuple):
    """The files of an evaluation."""

    texts: list[Path]
    """Tables, the page and the report."""
    figures: list[Path]


def write_evaluation(evaluation: Evaluation, tables: Sequence[Table], folder: Path) -> Written:
    """All tables, the page with figures and, last, ``report.json``; each file whole or not at all.

    Args:
        evaluation: its report and traces.
        tables: of its report, and others that belong beside them.
        folder: where to; it exists.

    Raises:
        FileError: the folder cannot be written to.
    """
    report, traces = evaluation
    numbers_csv = folder / "table.csv"
    write_text(numbers_csv, numbers([report]))
    made = write_tables(tables, folder / "tables")
    html, *figures = write_page(report, tables, traces, folder)
    return Written([numbers_csv, *made, html, *write_report(report, tables, folder)], figures)


def write_report(report: Report, tables: Sequence[Table], folder: Path) -> list[Path]:
    """All tables on one page, ``table.md``, and every number, ``report.json``; each file whole or not at all.

    Raises:
        FileError: the folder cannot be written to.
    """
    markdown, whole = folder / "table.md", folder / "report.json"
    write_text(markdown, page(report, tables))
    report.write(whole)
    return [markdown, whole]


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
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for report in reports:
        for row in report.rows:
            calibration = report.judge(row.judge).calibration
            record = {
                "method": report.method.label,
                **flat(row),
                "threshold": calibration.threshold if calibration else None,
                "used_in_training_loss": report.judge(row.judge).used_in_training_loss,
                **source(report),
            }
            if writer is None:
                writer = csv.DictWriter(text, list(record), lineterminator="\n")
                writer.writeheader()
            writer.writerow(record)
    return text.getvalue()
