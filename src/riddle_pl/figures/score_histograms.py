"""Histograms of a recogniser's similarities, by kind of image pair."""

import numpy as np
from matplotlib.axes import Axes

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.style import INK, KIND_COLOURS, SMALL_PT, TEXT_PT, named, new_figure, slug, style_axes
from riddle_pl.figures.traces import Similarities
from riddle_pl.judging.images import X_DEC, X_ENC1, X_NEAR_MISS, X_WRONG1

BINS = 60

LABELS = {
    "same person": "same person,\ntwo photos",
    "different people": "different\npeople",
    X_ENC1: "encrypted\nto original",
    X_DEC: "recovered\nto original",
    X_WRONG1: "wrong password\nto original",
    X_NEAR_MISS: "one char. off\nto original",
}


def score_histograms(similarities: Similarities) -> Figure | None:
    """A row per kind over one axis of cosines, with the threshold; None where there are no similarities."""
    kinds = {kind: similarities.kinds[kind].double().cpu().numpy() for kind in LABELS if kind in similarities.kinds}
    kinds = {kind: values for kind, values in kinds.items() if len(values)}
    if not kinds:
        return None
    low = min(min(values.min() for values in kinds.values()), similarities.threshold) - 0.05
    edges = np.linspace(low, 1.0, BINS + 1)
    figure = new_figure(5.2, 0.8 + 0.62 * len(kinds))
    rows = figure.subplots(len(kinds), 1, sharex=True, squeeze=False)[:, 0]
    shares = []
    for axes, (kind, values) in zip(rows, kinds.items(), strict=True):
        above = float((values > similarities.threshold).mean())
        shares.append(f"{LABELS[kind].replace(chr(10), ' ')} {above:.1%}")
        _row(axes, kind, values, edges, similarities.threshold, above)
    judge = named(similarities.judge, similarities.note)
    rows[0].set_title(judge, fontsize=SMALL_PT, loc="left", parse_math=False)
    rows[-1].set_xlabel(f"cosine (line: threshold {similarities.threshold:.3f})", fontsize=TEXT_PT, color=INK)
    return Figure(
        name=f"scores_{slug(similarities.judge)}",
        title=f"How alike pairs of images are, {judge}",
        drawing=figure,
        caption="Distribution of cosines by kind of pair, each scaled to its own highest bar; on the right the share "
        "above the threshold, which counts as the same person. Encrypted and wrongly decrypted faces should lie like "
        "different people, recovered ones like the same person or better. Different people: faces of this evaluation "
        f"with each other. Same person: {similarities.pairs.origin}.",
        alt="Histograms of cosines; above the threshold: " + "; ".join(shares) + ".",
    )


def _row(axes: Axes, kind: str, values: np.ndarray, edges: np.ndarray, threshold: float, above: float) -> None:
    style_axes(axes)
    counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
    axes.stairs(counts / counts.max(), edges, fill=True, color=KIND_COLOURS[kind], alpha=0.85)
    axes.axvline(threshold, color=INK, linewidth=1.0)
    axes.set(ylim=(0.0, 1.15), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel(LABELS[kind], fontsize=SMALL_PT, color=INK, rotation=0, ha="right", va="center")
    axes.text(1.02, 0.5, f"{above:.1%}\nof {len(values)}", transform=axes.transAxes, fontsize=SMALL_PT, va="center")
