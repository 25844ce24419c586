"""Tables as Markdown, CSV, JSON and LaTeX; and read from JSON again."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from riddle_pl.errors import FileError, one_line
from riddle_pl.evaluation.report.checks import count, listed, named, number, optional, text
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.files import read_json, require_file

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "–": "--",
}


def to_markdown(table: Table, level: int = 2) -> str:
    """Title, the table with columns that line up on the screen as well, and its notes.

    Args:
        level: of the title, as many ``#``.
    """
    rows = [[_bar(cell) for cell in table.cells(line)] for line in table.lines]
    head = [_bar(title) for title in table.head]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    notes = ["", *(f"- {note}" for note in table.notes)] if table.notes else []
    return "\n".join([f"{'#' * level} {table.title}", "", line(head), rule, *map(line, rows), *notes]) + "\n"


def markdown_page(title: str, about: Mapping[str, Any], tables: Sequence[Table], notes: Sequence[str]) -> str:
    """A report in Markdown: what its tables depend on above them, how to read them below."""
    facts = [f"- {key}: {value}" for key, value in about.items()]
    parts = [f"# {title}", "", *facts, "", *map(to_markdown, tables), *(f"- {note}" for note in notes)]
    return "\n".join(parts).rstrip() + "\n"


def to_csv(table: Table) -> str:
    """One line of plain numbers per line: each column's value, interval and count, and where the line comes from."""
    return csv_text(records(table))


def csv_text(lines: Sequence[Mapping[str, Any]]) -> str:
    """Values by name, one line each, under a line of all names."""
    fields = list(dict.fromkeys(key for line in lines for key in line))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue()


def to_json(table: Table) -> str:
    """The same as nested objects; null where there is no number."""
    lines = [
        dict(zip(table.labels, line.labels, strict=True))
        | {c: _object(cell) for c, cell in zip(table.columns, line.numbers, strict=True)}
        | {"source": dict(line.source)}
        for line in table.lines
    ]
    heads = {"name": table.name, "title": table.title, "labels": list(table.labels), "columns": list(table.columns)}
    content = {**heads, "lines": lines, "notes": list(table.notes)}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_table(path: Path) -> Table:
    """A table that :func:`to_json` wrote.

    Raises:
        FileError: missing, or no such table.
    """
    try:
        data = read_json(require_file(path, "table"))
        labels, columns = listed(text, data["labels"]), listed(text, data["columns"])
        lines = [
            Line(
                [text(line[label]) for label in labels],
                [optional(_read_number, line[column]) for column in columns],
                named(text, line["source"]),
            )
            for line in data["lines"]
        ]
        return Table(text(data["name"]), text(data["title"]), labels, columns, lines, listed(text, data["notes"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(
            f"table {path} cannot be read ({type(error).__name__}: {one_line(error)}); write it again with this version"
        ) from error


def to_latex(table: Table) -> str:
    """A ``table*`` for the package booktabs; intervals stand small beside their number."""
    columns = "l" * len(table.labels) + "r" * len(table.columns)
    body = [
        " & ".join([*map(_escape, line.labels), *("" if n is None else _latex_number(n) for n in line.numbers)])
        for line in table.lines
    ]
    rows = [" & ".join(map(_escape, table.head)), *body]
    notes = " ".join(_escape(note if note.endswith(".") else f"{note}.") for note in table.notes)
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{_escape(table.title)}. {notes}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            rows[0] + r" \\",
            r"\midrule",
            *(row + r" \\" for row in rows[1:]),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table*}",
            "",
        ]
    )


FORMATS: Mapping[str, Callable[[Table], str]] = {
    "md": to_markdown,
    "csv": to_csv,
    "json": to_json,
    "tex": to_latex,
}
"""Writers by suffix."""


def records(table: Table) -> list[dict[str, Any]]:
    """Every line as one level of names and plain values; measured columns also have low, high and count."""
    return [_record(table, line) for line in table.lines]


def _record(table: Table, line: Line) -> dict[str, Any]:
    record: dict[str, Any] = dict(zip(table.labels, line.labels, strict=True))
    for column, cell in zip(table.columns, line.numbers, strict=True):
        values = _object(cell) or {}
        record[column] = values.get("value")
        if cell is not None and cell.count is not None:
            record |= {f"{column}: {key}": values[key] for key in ("low", "high", "count")}
    return record | dict(line.source)


def _object(cell: Number | None) -> dict[str, float | int | None] | None:
    if cell is None:
        return None
    values = {"value": cell.value, "low": cell.low, "high": cell.high}
    finite = {key: value if value is not None and math.isfinite(value) else None for key, value in values.items()}
    return {**finite, "count": cell.count, "digits": cell.digits}


def _read_number(values: Any) -> Number:
    low, high = (optional(number, values[side]) for side in ("low", "high"))
    return Number(number(values["value"]), low, high, optional(count, values["count"]), count(values["digits"]))


def _latex_number(cell: Number) -> str:
    value, bracket, interval = str(cell).partition(" [")
    return value + (rf" {{\scriptsize [{interval}}}" if bracket else "")


def _escape(plain: str) -> str:
    return "".join(_LATEX.get(character, character) for character in plain)


def _bar(plain: str) -> str:
    return plain.replace("|", r"\|")
