"""A figure with its caption, and its files."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure as Drawing

from riddle_pl.errors import ConfigError
from riddle_pl.files import atomic_write, require_writable_dir

FORMATS = ("png", "svg", "pdf")
DPI = 160
"""Pixels per inch of PNG files, and of pictures inside SVG and PDF files."""
NOTEBOOK_DPI = 110

_OPTIONS: Mapping[str, dict[str, Any]] = {
    "png": {},
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
    "webp": {"pil_kwargs": {"quality": 90}},
    "jpeg": {"pil_kwargs": {"quality": 85}},
}
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "riddle-pl",  # the same bytes each time
    "pdf.fonttype": 42,  # fonts that journals take
}


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure.

    Args:
        name: file name without suffix.
        title: heading.
        drawing: of a size in inches.
        caption: what is shown, and how to read it.
        alt: alternative text.
    """

    name: str
    title: str
    drawing: Drawing
    caption: str
    alt: str

    def __post_init__(self) -> None:
        """Computes the layout once, for reproducible output."""
        self.drawing.draw_without_rendering()
        self.drawing.set_layout_engine("none")

    def encoded(self, file_format: str, dpi: int = DPI) -> bytes:
        """The drawing in one of :data:`FORMATS`, ``webp`` or ``jpeg``; the same drawing gives the same bytes."""
        buffer = io.BytesIO()
        with matplotlib.rc_context(_SETTINGS):
            self.drawing.savefig(buffer, format=file_format, dpi=dpi, **_OPTIONS[file_format])
        return buffer.getvalue()

    def _repr_jpeg_(self) -> bytes:
        """Notebook preview, small because notebooks store it."""
        return self.encoded("jpeg", NOTEBOOK_DPI)


def save_figures(figures: Sequence[Figure], folder: Path, formats: Sequence[str] = ("png",)) -> list[Path]:
    """Writes ``folder/<name>.<format>`` for every figure and format, each whole or not at all.

    Args:
        figures: of :func:`riddle_pl.figures.gallery.draw_gallery`.
        folder: made if it is missing.
        formats: of :data:`FORMATS`; SVG and PDF are drawn with lines instead of pixels, for papers.

    Raises:
        ConfigError: a format that there is not.
        FileError: the folder cannot be written to.
    """
    for file_format in formats:
        if file_format not in FORMATS:
            raise ConfigError(f"figures: format {file_format!r} is unknown; choose from {', '.join(FORMATS)}")
    require_writable_dir(folder, "folder of figures", create=True)
    paths = [folder / f"{figure.name}.{file_format}" for figure in figures for file_format in formats]
    for path, figure in zip(paths, (figure for figure in figures for _ in formats), strict=True):
        with atomic_write(path) as temporary:
            temporary.write_bytes(figure.encoded(path.suffix[1:]))
    return paths
