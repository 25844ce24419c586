"""The report of an audit: JSON with everything, Markdown for people, and pictures."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from riddle_pl.evaluation.audits.audit import Figure, Findings
from riddle_pl.files import atomic_write

FORMAT_VERSION = 1
JPEG_QUALITY = 85

_ARROWS = {"lower": " ↓", "higher": " ↑", "": ""}


@dataclass(frozen=True)
class AuditReport:
    """What was found, and how.

    Args:
        role: of the network.
        heading: of the section of its model card.
        title: of the report.
        about: facts by name: command, pack, hashes, seed, ...
        findings: of the audit.
    """

    role: str
    heading: str
    title: str
    about: Mapping[str, str]
    findings: Findings

    def to_json(self) -> dict[str, Any]:
        """As written to ``audit.json``; a number that is not finite is null."""
        content = {
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "about": {**self.about, **self.findings.about},
            "figures": [asdict(figure) for figure in self.findings.figures],
            "curves": self.findings.curves,
            "pictures": {picture.name: picture.caption for picture in self.findings.pictures},
            "notes": self.findings.notes,
        }
        finite: dict[str, Any] = _finite(content)
        return finite

    def to_markdown(self) -> str:
        """As written to ``audit.md``."""
        return "\n".join([f"# {self.title}", "", *self.lines(2, [])]) + "\n"

    def lines(self, level: int, links: Sequence[str]) -> list[str]:
        """What the figures depend on, a table per section, how to read them; ``links`` to pictures come last."""
        lines = [f"- {key}: {value}" for key, value in {**self.about, **self.findings.about}.items()]
        for section, figures in groupby(self.findings.figures, key=lambda figure: figure.section):
            lines += ["", f"{'#' * level} {section}", "", *_table(list(figures))]
        if self.findings.notes:
            lines += ["", *(f"- {note}" for note in self.findings.notes)]
        return lines + ([""] if links else []) + list(links)

    def write(self, folder: Path) -> list[Path]:
        """Writes the pictures, ``audit.md`` and, last, ``audit.json``; each whole or not at all.

        Raises:
            FileError: the folder cannot be written to.
        """
        written = [write_picture(folder, picture.name, picture.image) for picture in self.findings.pictures]
        for name, text in (
            ("audit.md", self.to_markdown()),
            ("audit.json", json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"),
        ):
            with atomic_write(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
            written.append(folder / name)
        return written


def write_picture(folder: Path, name: str, image: Image.Image, inside: Path | None = None) -> Path:
    """Writes ``<name>.jpg``, whole or not at all; see :func:`riddle_pl.files.atomic_write` for ``inside``."""
    path = folder / f"{name}.jpg"
    with atomic_write(path, inside=inside) as temporary:
        image.save(temporary, "JPEG", quality=JPEG_QUALITY)
    return path


def _table(figures: Sequence[Figure]) -> list[str]:
    rows = [("figure", "value", "95 %", "n")]
    for figure in figures:
        interval = "" if figure.low is None or figure.high is None else f"{_number(figure.low, figure.digits)} to "
        interval += _number(figure.high, figure.digits) if interval and figure.high is not None else ""
        value = _number(figure.value, figure.digits)
        rows.append((figure.name + _ARROWS[figure.better], value, interval, f"{figure.count:,}"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "none"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
