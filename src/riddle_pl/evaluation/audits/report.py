"""Output of an audit: JSON, Markdown and pictures."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

from riddle_pl.evaluation.audits.audit import Picture
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.tables import Line, Table
from riddle_pl.evaluation.report.tables.formats import to_markdown
from riddle_pl.evaluation.report.tables.select import ARROWS
from riddle_pl.files import atomic_write, write_text

JPEG_QUALITY = 85


def write_audit(report: Report, pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Writes the pictures, ``audit.md`` and, last, ``audit.json``; each whole or not at all.

    Raises:
        FileError: the folder cannot be written to.
    """
    written = [write_picture(folder, picture.name, picture.image) for picture in pictures]
    write_text(folder / "audit.md", page(report))
    report.write(folder / "audit.json")
    return [*written, folder / "audit.md", folder / "audit.json"]


def page(report: Report) -> str:
    """As written to ``audit.md``."""
    return "\n".join([f"# {report.title}", "", *sections(report, 2)]) + "\n"


def sections(report: Report, level: int) -> list[str]:
    """Lines: what the numbers depend on, a table per section with ``level`` times ``#``, how to read them."""
    lines = [f"- {key}: {value}" for key, value in report.about.items()]
    for section, some in groupby(report.measurements, key=lambda one: one.section):
        rows = [Line([one.name + ARROWS[one.better], f"{one.count:,}"], [one.number]) for one in some]
        table = Table("audit", section, ["figure", "n"], ["value, in brackets 95 %"], rows)
        lines += ["", *to_markdown(table, level).splitlines()]
    return lines + (["", *(f"- {note}" for note in report.notes)] if report.notes else [])


def write_picture(folder: Path, name: str, image: Image.Image, inside: Path | None = None) -> Path:
    """Writes ``<name>.jpg``, whole or not at all; see :func:`riddle_pl.files.atomic_write` for ``inside``."""
    path = folder / f"{name}.jpg"
    with atomic_write(path, inside=inside) as temporary:
        image.save(temporary, "JPEG", quality=JPEG_QUALITY)
    return path
