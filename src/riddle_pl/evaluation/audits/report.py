"""The report of an audit: JSON with everything, Markdown for people, and pictures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from riddle_pl.evaluation.audits.audit import Findings
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.evaluation.report.tables import Line, Table
from riddle_pl.evaluation.report.tables.formats import to_markdown
from riddle_pl.evaluation.report.tables.select import ARROWS
from riddle_pl.files import atomic_write, write_json, write_text

FORMAT_VERSION = 1
JPEG_QUALITY = 85


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
        """As written to ``audit.json``, where a number that is not finite is null."""
        return {
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "about": {**self.about, **self.findings.about},
            "figures": [asdict(figure) for figure in self.findings.figures],
            "curves": self.findings.curves,
            "pictures": {picture.name: picture.caption for picture in self.findings.pictures},
            "notes": self.findings.notes,
        }

    def to_markdown(self) -> str:
        """As written to ``audit.md``."""
        return "\n".join([f"# {self.title}", "", *self.lines(2, [])]) + "\n"

    def lines(self, level: int, links: Sequence[str]) -> list[str]:
        """What the figures depend on, a table per section, how to read them; ``links`` to pictures come last."""
        lines = [f"- {key}: {value}" for key, value in {**self.about, **self.findings.about}.items()]
        for section, figures in groupby(self.findings.figures, key=lambda figure: figure.section):
            lines += ["", *to_markdown(_table(section, list(figures)), level).splitlines()]
        if self.findings.notes:
            lines += ["", *(f"- {note}" for note in self.findings.notes)]
        return lines + ([""] if links else []) + list(links)

    def write(self, folder: Path) -> list[Path]:
        """Writes the pictures, ``audit.md`` and, last, ``audit.json``; each whole or not at all.

        Raises:
            FileError: the folder cannot be written to.
        """
        written = [write_picture(folder, picture.name, picture.image) for picture in self.findings.pictures]
        write_text(folder / "audit.md", self.to_markdown())
        write_json(folder / "audit.json", self.to_json())
        return [*written, folder / "audit.md", folder / "audit.json"]


def write_picture(folder: Path, name: str, image: Image.Image, inside: Path | None = None) -> Path:
    """Writes ``<name>.jpg``, whole or not at all; see :func:`riddle_pl.files.atomic_write` for ``inside``."""
    path = folder / f"{name}.jpg"
    with atomic_write(path, inside=inside) as temporary:
        image.save(temporary, "JPEG", quality=JPEG_QUALITY)
    return path


def _table(section: str, figures: Sequence[Measurement]) -> Table:
    lines = []
    for figure in figures:
        interval = ""
        if figure.low is not None and figure.high is not None:
            interval = f"{_number(figure.low, figure.digits)} to {_number(figure.high, figure.digits)}"
        value = _number(figure.value, figure.digits)
        lines.append(Line([figure.name + ARROWS[figure.better], value, interval, f"{figure.count:,}"], []))
    return Table("audit", section, ["figure", "value", "95 %", "n"], [], lines)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "none"
