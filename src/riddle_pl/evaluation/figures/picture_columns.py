"""Batches of images side by side, for looking at networks by hand."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.figures.image_grid import draw_grid, picture
from riddle_pl.evaluation.figures.plate import Plate


def picture_columns(columns: Mapping[str, Float[Tensor, "_ 3 _ _"]], title: str, caption: str = "") -> Plate:
    """One column per batch of images in [-1, 1], one row per image.

    Args:
        columns: batches by heading; those that are shorter leave places empty.
        title: of the plate.
        caption: of the plate.
    """
    rows = max(len(batch) for batch in columns.values())
    cells = [[picture(batch[row]) if row < len(batch) else None for batch in columns.values()] for row in range(rows)]
    figure = draw_grid(cells, list(columns), [str(row + 1) for row in range(rows)])
    return Plate("pictures", title, figure, caption, f"Grid of {rows} rows; columns: {', '.join(columns)}.")
