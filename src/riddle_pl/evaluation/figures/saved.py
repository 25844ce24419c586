"""Figures of an earlier evaluation, for notebooks."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from riddle_pl.errors import FileError
from riddle_pl.files import require_file

FORMATS = ("PNG",)
"""What is written; some of Pillow's other decoders start programs."""
WIDTH = 720
"""Pixels that a notebook shows, and keeps."""


@dataclass(frozen=True, repr=False)
class SavedFigure:
    """A PNG file that :func:`riddle_pl.evaluation.figures.plate.save_plates` wrote; a notebook shows it.

    Raises:
        FileError: there is no such file, or it is no picture.
    """

    path: Path

    def __post_init__(self) -> None:
        require_file(self.path, "figure")
        try:
            Image.open(self.path, formats=FORMATS).close()
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise FileError(f"figure {self.path} cannot be read; give a PNG of riddle-eval's figures/") from error

    def __repr__(self) -> str:
        return f"SavedFigure({self.path.name})"

    def _repr_jpeg_(self) -> bytes:
        data = io.BytesIO()
        with Image.open(self.path, formats=FORMATS) as image:
            shown = image.convert("RGB")
        shown.thumbnail((WIDTH, 4 * WIDTH))
        shown.save(data, format="JPEG", quality=85)
        return data.getvalue()
