"""Losses over a training run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.style import BLUE, ORANGE, SMALL_PT, new_figure, style_axes
from riddle_pl.figures.training_log import Curve, join_logs

COLUMNS = 3
TRAINING, VALIDATION = "loss/", "val/loss/"
SMOOTH_FROM = 30
"""Points from which a running mean is drawn over a curve."""


def losses(*metrics: Path) -> Figure | None:
    """Every term, unweighted, and their weighted total; None where the run logged no loss.

    Args:
        metrics: the log of the run, or of each of its parts in their order.

    Raises:
        FileError: see :func:`riddle_pl.figures.training_log.read_training_log`.
    """
    curves = join_logs(metrics)
    terms = list(dict.fromkeys(name.rpartition("/")[2] for name in curves if name.startswith((TRAINING, VALIDATION))))
    if not terms:
        return None
    terms.sort(key=lambda term: (term != "total", term))
    rows = -(-len(terms) // COLUMNS)
    figure = new_figure(7.2, 0.4 + 1.75 * rows)
    panels = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True).ravel()
    for axes, term in zip(panels, terms, strict=False):
        style_axes(axes, title="total (weighted sum)" if term == "total" else term.replace("_", " "))
        _draw(axes, curves, term)
    for axes in panels[len(terms) :]:
        axes.set_visible(False)
    figure.supxlabel("training step", fontsize=SMALL_PT)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=SMALL_PT, loc="outside upper right", ncols=2, frameon=False)
    log = metrics[-1]
    last = max(float(steps[-1]) for steps, _ in curves.values())
    return Figure(
        name="losses",
        title="Losses over training",
        drawing=figure,
        caption=f"Terms of the loss over {last:.0f} steps, unweighted, and their weighted total; training (pale: "
        f"single steps; line: running mean) and validation. From {log.parent.name}/{log.name} of the run.",
        alt="Curves of " + ", ".join(term.replace("_", " ") for term in terms) + " over training steps.",
    )


def _draw(axes: Axes, curves: Mapping[str, Curve], term: str) -> None:
    for prefix, colour, label in ((TRAINING, BLUE, "training"), (VALIDATION, ORANGE, "validation")):
        if prefix + term not in curves:
            continue
        steps, values = curves[prefix + term]
        if len(values) < SMOOTH_FROM:
            axes.plot(steps, values, color=colour, linewidth=1.4, marker=".", markersize=4, label=label)
            continue
        axes.plot(steps, values, color=colour, linewidth=0.6, alpha=0.25)
        axes.plot(*_smooth(steps, values), color=colour, linewidth=1.4, label=label)


def _smooth(steps: np.ndarray, values: np.ndarray) -> Curve:
    """Running means of a twentieth of the curve."""
    window = max(len(values) // 20, 2)
    means = np.convolve(values, np.full(window, 1.0 / window), mode="valid")
    return steps[window // 2 : window // 2 + len(means)], means
