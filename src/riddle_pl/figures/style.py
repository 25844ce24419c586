"""Common style of figures: fonts, a colour-blind safe palette, and Matplotlib without global state."""

import re
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from riddle_pl.judging.images import X_DEC, X_ENC1, X_NEAR_MISS, X_WRONG1

TEXT_PT = 9.0
SMALL_PT = 8.0
INK = "#222222"
FAINT = "#8a8a8a"
GRID = "#e3e3e3"

ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE, BLACK = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000",
)  # fmt: skip
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, YELLOW)
"""Okabe and Ito, "Color Universal Design" (2008)."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
"""Redundant encoding of colours."""

KIND_COLOURS: Mapping[str, str] = {
    "same person": GREEN,
    "different people": FAINT,
    X_ENC1: BLUE,
    X_DEC: ORANGE,
    X_WRONG1: VERMILLION,
    X_NEAR_MISS: PURPLE,
}
"""By the kinds of :class:`riddle_pl.figures.traces.Similarities`."""

KIND_LINES: Mapping[str, Any] = {
    "same person": "-",
    "different people": "-",
    X_ENC1: "--",
    X_DEC: "-.",
    X_WRONG1: ":",
    X_NEAR_MISS: (0, (5, 1, 1, 1, 1, 1)),
}


def new_figure(width: float, height: float) -> Figure:
    """An empty white figure of a size in inches, drawn by Agg whatever the process uses elsewhere."""
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Axes, xlabel: str = "", ylabel: str = "", title: str = "") -> Axes:
    """Labels, a light grid and no frame on the upper and right side."""
    axes.set_xlabel(xlabel, fontsize=TEXT_PT, color=INK)
    axes.set_ylabel(ylabel, fontsize=TEXT_PT, color=INK)
    if title:
        axes.set_title(title, fontsize=TEXT_PT, color=INK, loc="left", parse_math=False)
    axes.tick_params(labelsize=SMALL_PT, colors=INK)
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def named(judge: str, note: str) -> str:
    """A judge with its note, for titles."""
    return f"{judge} ({note})" if note else judge


def slug(name: str) -> str:
    """A judge's name as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("_.") or "judge"
