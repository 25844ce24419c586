"""Curves as pictures."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image

from riddle_pl.figures.style import MARKERS, PALETTE, SMALL_PT, new_figure, style_axes

DPI = 110

Curve = tuple[Float[np.ndarray, "_k"], Float[np.ndarray, "_k"]]


def curves_plot(curves: Mapping[str, Curve], xlabel: str, ylabel: str, logarithmic: bool = False) -> Image.Image:
    """A line per curve.

    Args:
        curves: x and y by label.
        xlabel: of the axis.
        ylabel: of the axis.
        logarithmic: the x axis; points at 0 are left out.
    """
    figure = new_figure(5.2, 3.6)
    axes = style_axes(figure.add_subplot(), xlabel, ylabel)
    for (label, (x, y)), colour, marker in zip(curves.items(), _repeated(PALETTE), _repeated(MARKERS), strict=False):
        kept = x > 0 if logarithmic else np.full(len(x), True)
        few = len(x) <= 30
        axes.plot(x[kept], y[kept], color=colour, marker=marker if few else None, markersize=4, label=label)
    if logarithmic:
        axes.set_xscale("log")
    axes.legend(fontsize=SMALL_PT, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return Image.open(buffer).convert("RGB")


def _repeated(values: Sequence[str]) -> list[str]:
    return list(values) * 4
