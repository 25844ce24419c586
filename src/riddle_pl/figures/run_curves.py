"""Training runs side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.lines import Line2D

from riddle_pl.errors import ConfigError
from riddle_pl.figures.figure import Figure
from riddle_pl.figures.style import MARKERS, PALETTE, SMALL_PT, new_figure, style_axes
from riddle_pl.figures.training_log import Curve

COLUMNS = 3


def run_curves(runs: Mapping[str, Mapping[str, Curve]], names: Sequence[str]) -> Figure:
    """One panel per curve, one line per run.

    Args:
        runs: curves by name, by run; see :mod:`riddle_pl.figures.training_log`.
        names: of the curves, such as ``val/loss/total``.

    Raises:
        ConfigError: no run logged a curve of that name, or no name was given.
    """
    logged = sorted({name for curves in runs.values() for name in curves})
    unknown = [name for name in names if name not in logged]
    if unknown or not names:
        raise ConfigError(f"curve {unknown[0] if unknown else ''!r} was not logged; choose from {', '.join(logged)}")
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = new_figure(2.6 * columns, 0.5 + 2.1 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        style_axes(axes, "step", title=name)
        for number, curves in enumerate(runs.values()):
            if name in curves:
                every = max(len(curves[name][0]) // 10, 1)
                axes.plot(*curves[name], markevery=every, **_look(number))
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    lines = [Line2D([], [], **_look(number)) for number in range(len(runs))]
    figure.legend(lines, list(runs), fontsize=SMALL_PT, loc="outside lower center", ncols=3, frameon=False)
    return Figure(
        name="runs",
        title="Training runs",
        drawing=figure,
        caption=f"{len(runs)} runs: {', '.join(runs)}.",
        alt=f"Curves of {', '.join(names)} for {len(runs)} training runs.",
    )


def _look(number: int) -> dict[str, Any]:
    colour, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
    return {"color": colour, "marker": marker, "markersize": 3, "linewidth": 1.3}
