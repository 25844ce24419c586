"""The report of an evaluation: JSON with everything, CSV with one number a line, Markdown for people."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riddle_pl.evaluation.calibration import Calibration
from riddle_pl.evaluation.scores import Row
from riddle_pl.files import atomic_write

FORMAT_VERSION = 1

_ARROWS = {"lower": " ↓", "higher": " ↑", "": ""}
_TABLES = (("rate", "by threshold"), ("rank-1", "rank-1"), ("mean cosine", "mean cosine"))


@dataclass(frozen=True)
class Judge:
    """A recogniser and its threshold, or a detector.

    Args:
        name: as in the rows.
        note: what a reader must know about it.
        calibration: of a recogniser.
        calibrated_on: where its threshold comes from.
    """

    name: str
    note: str
    calibration: Calibration | None = None
    calibrated_on: str = ""


@dataclass(frozen=True)
class Report:
    """All numbers of an evaluation and what they depend on.

    Args:
        about: facts by name: pack, encryptor, data, seed, ...; values JSON can hold.
        judges: of the rows.
        rows: the numbers.
        names: the photos, by key.
        skipped: photos left out, and why.
        notes: sentences below the tables.
    """

    about: dict[str, Any]
    judges: Sequence[Judge]
    rows: Sequence[Row]
    names: Sequence[str]
    skipped: dict[str, str]
    notes: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """As written to ``report.json``; a number that is not finite is null."""
        judges = [asdict(j) | {"calibration": j.calibration and j.calibration._asdict()} for j in self.judges]
        content = {
            "format_version": FORMAT_VERSION,
            "about": self.about,
            "judges": judges,
            "rows": [_flat(row) for row in self.rows],
            "notes": list(self.notes),
            "skipped": self.skipped,
            "faces": list(self.names),
        }
        finite: dict[str, Any] = _finite(content)
        return finite

    def to_markdown(self) -> str:
        """The tables, with what they depend on above and how to read them below."""
        lines = [f"# {self.about['title']}", ""]
        lines += [f"- {key}: {value}" for key, value in self.about.items() if key not in ("title", "networks")]
        for judge in self.judges:
            rows = [row for row in self.rows if row.judge == judge.name]
            lines += ["", *_judge_lines(judge, rows)]
        pixels = [row for row in self.rows if not row.judge]
        lines += ["", "## Pixels", "", *_table(["", "image", "reference", "dB"], [_simple(row) for row in pixels])]
        lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> list[Path]:
        """Writes ``table.md``, ``table.csv`` and, last, ``report.json``; each whole or not at all.

        Raises:
            FileError: the folder cannot be written to.
        """
        paths = [folder / name for name in ("table.md", "table.csv", "report.json")]
        with atomic_write(paths[0]) as temporary:
            temporary.write_text(self.to_markdown(), encoding="utf-8")
        with atomic_write(paths[1]) as temporary:
            _write_csv(temporary, [_flat(row) for row in self.rows])
        with atomic_write(paths[2]) as temporary:
            text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")
        return paths


def _judge_lines(judge: Judge, rows: Sequence[Row]) -> list[str]:
    lines = [f"## {judge.name}" + (f" ({judge.note})" if judge.note else ""), ""]
    if judge.calibration is None:
        return lines + _table(["", "image", "reference", "rate"], [_simple(row) for row in rows])
    c = judge.calibration
    lines += [
        f"Same person: cosine above {c.threshold:.4f}, calibrated on {judge.calibrated_on}: it accepts "
        f"{round(c.far * c.different)} of {c.different} pairs of different people and {_percent(c.tar)} of {c.same} "
        "pairs of one person.",
        "",
    ]
    merged: dict[tuple[str, str, str, str], dict[str, Row]] = {}
    for row in rows:
        merged.setdefault((row.metric, row.better, row.image, row.reference), {})[row.statistic] = row
    cells = [
        [metric + _ARROWS[better], _words(image), _other(image, reference)]
        + [_value(found.get(statistic)) for statistic, _ in _TABLES]
        for (metric, better, image, reference), found in merged.items()
    ]
    return lines + _table(["", "image", "reference", *(title for _, title in _TABLES)], cells)


def _simple(row: Row) -> list[str]:
    return [row.metric + _ARROWS[row.better], _words(row.image), _words(row.reference), _value(row)]


def _value(row: Row | None) -> str:
    if row is None:
        return ""
    mean, low, high, faces = row.estimate
    if faces == 0:
        return "no face"
    digits = 2 if row.statistic == "dB" else 3
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _other(image: str, reference: str) -> str:
    return f"another person's {_words(reference)}" if image == reference else _words(reference)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _percent(share: float) -> str:
    return "none" if math.isnan(share) else f"{share:.1%}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns line up on the screen as well."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return [line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)]


def _flat(row: Row) -> dict[str, Any]:
    values = {key: value for key, value in vars(row).items() if key != "estimate"}
    return values | {"value": row.estimate.mean, **{k: v for k, v in row.estimate._asdict().items() if k != "mean"}}


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
