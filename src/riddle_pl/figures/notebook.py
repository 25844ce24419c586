"""Helpers of the notebooks: figures of an earlier evaluation, and batches of images side by side."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from riddle_pl.errors import FileError
from riddle_pl.figures.figure import Figure
from riddle_pl.figures.image_grid import draw_grid, picture
from riddle_pl.files import require_file

FORMATS = ("PNG",)
"""What is written; some of Pillow's other decoders start programs."""
WIDTH = 720
"""Pixels that a notebook shows, and keeps."""


@dataclass(frozen=True, repr=False)
class SavedFigure:
    """A PNG file that :func:`riddle_pl.figures.figure.save_figures` wrote; a notebook shows it.

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


def picture_columns(columns: Mapping[str, Float[Tensor, "_ 3 _ _"]], title: str, caption: str = "") -> Figure:
    """One column per batch of images in [-1, 1], one row per image.

    Args:
        columns: batches by heading; those that are shorter leave places empty.
        title: of the figure.
        caption: of the figure.
    """
    rows = max(len(batch) for batch in columns.values())
    cells = [[picture(batch[row]) if row < len(batch) else None for batch in columns.values()] for row in range(rows)]
    figure = draw_grid(cells, list(columns), [str(row + 1) for row in range(rows)])
    return Figure("pictures", title, figure, caption, f"Grid of {rows} rows; columns: {', '.join(columns)}.")
