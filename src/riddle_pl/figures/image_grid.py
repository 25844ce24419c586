"""Pictures in rows and columns, with headings."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure
from torch import Tensor

from riddle_pl.faces.pixels import to_pixels
from riddle_pl.figures.style import INK, SMALL_PT, TEXT_PT, new_figure

CELL = 1.15
"""Side of a picture in inches."""
GAP = 0.06
LEFT = 0.35
HEADING = 0.42

Picture = UInt8[np.ndarray, "h w 3"]


def draw_grid(
    cells: Sequence[Sequence[Picture | None]],
    columns: Sequence[str],
    rows: Sequence[str],
    cell: tuple[float, float] = (CELL, CELL),
) -> Figure:
    """The grid.

    Args:
        cells: pictures by row and column, enlarged or reduced to the cell; None leaves a place empty.
        columns: headings; may have two lines.
        rows: labels on the left.
        cell: width and height of a picture in inches.
    """
    width, height = cell
    right = LEFT + len(columns) * (width + GAP)
    bottom = HEADING + len(rows) * (height + GAP)
    figure = new_figure(right, bottom)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    for i, row in enumerate(cells):
        top = HEADING + i * (height + GAP)
        axes.text(LEFT / 2, top + height / 2, rows[i], **_text(TEXT_PT))
        for j, picture in enumerate(row):
            if picture is not None:
                left = LEFT + j * (width + GAP)
                extent = (left, left + width, top + height, top)
                axes.imshow(picture, extent=extent, interpolation="bicubic", aspect="auto")
    for j, heading in enumerate(columns):
        axes.text(LEFT + j * (width + GAP) + width / 2, HEADING / 2, heading, **_text(SMALL_PT))
    axes.set(xlim=(0.0, right), ylim=(bottom, 0.0))
    axes.set_axis_off()
    return figure


def picture(x: Float[Tensor, "3 h w"] | None) -> Picture | None:
    """A cell of :func:`draw_grid`, of an image in [-1, 1]."""
    return None if x is None else to_pixels(x)


def row_names(names: Sequence[str]) -> str:
    """Which face each row shows, for captions: names may be of any length and script, so rows are numbered."""
    return "Rows: " + ", ".join(f"{i} {short(name)}" for i, name in enumerate(names, start=1)) + "."


def short(key: str) -> str:
    """A face's key without folders and suffix."""
    return PurePosixPath(key).stem


def _text(size: float) -> dict[str, Any]:
    return {"fontsize": size, "color": INK, "ha": "center", "va": "center", "parse_math": False}
