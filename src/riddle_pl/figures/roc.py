"""ROC curves: each kind of image pair against pairs of different people."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.style import FAINT, INK, KIND_COLOURS, KIND_LINES, SMALL_PT, named, new_figure, slug, style_axes
from riddle_pl.figures.traces import Similarities
from riddle_pl.judging.images import X_DEC, X_ENC1, X_NEAR_MISS, X_WRONG1

LABELS: Mapping[str, str] = {
    "same person": "same person, two photos",
    X_DEC: "recovered and original",
    X_ENC1: "encrypted and original",
    X_WRONG1: "wrong password and original",
    X_NEAR_MISS: "one character off and original",
}

Scores = Float[np.ndarray, "_"]


def roc(similarities: Similarities) -> Figure | None:
    """A curve per kind of pair against different people; None where there are no pairs to tell apart."""
    pairs = pairs_to_tell_apart(similarities)
    if not pairs:
        return None
    figure = new_figure(5.2, 4.0)
    axes = style_axes(
        figure.add_subplot(), "false-accept rate: different people accepted", "share of the kind accepted"
    )
    lowest = min(0.5, *(1.0 / len(strangers) for _, strangers in pairs.values()))
    chance = np.geomspace(lowest, 1.0, 100)
    axes.plot(chance, chance, color=FAINT, linewidth=1.0, label="chance")
    for kind, (wanted, strangers) in pairs.items():
        far, accepted = roc_curve(wanted, strangers)
        axes.plot(
            far.clip(lowest), accepted, color=KIND_COLOURS[kind], linestyle=KIND_LINES[kind], linewidth=1.8,
            label=LABELS[kind], drawstyle="steps-post",
        )  # fmt: skip
        dot = [
            max(float((some > similarities.threshold).mean()), least)
            for some, least in ((strangers, lowest), (wanted, 0.0))
        ]
        axes.plot(*dot, marker="o", color=KIND_COLOURS[kind], markeredgecolor=INK, clip_on=False)
    judge = named(similarities.judge, similarities.note)
    axes.set(xscale="log", xlim=(lowest, 1.0), ylim=(-0.02, 1.02))
    axes.set_title(judge, fontsize=SMALL_PT, loc="left", color=INK, parse_math=False)
    figure.legend(fontsize=SMALL_PT, loc="outside lower center", ncols=2, frameon=False)
    return Figure(
        name=f"roc_{slug(similarities.judge)}",
        title=f"ROC, {judge}",
        drawing=figure,
        caption="For every threshold, the share of a kind of pair that is accepted as one person against the share of "
        "pairs of different people that is; dots: at the threshold of the tables. Encrypted and wrongly decrypted "
        "faces should follow chance, recovered ones the upper edge. Photos of the same person are held against the "
        f"different people of {similarities.pairs.origin}, the other kinds against those of this evaluation.",
        alt="ROC curves of " + ", ".join(LABELS[kind] for kind in pairs) + ".",
    )


def pairs_to_tell_apart(similarities: Similarities) -> dict[str, tuple[Scores, Scores]]:
    """Cosines of the pairs of each kind, and of the pairs of different people that they are held against."""
    calibrating = similarities.pairs.cosines.double().cpu().numpy()
    same = similarities.pairs.same.cpu().numpy()
    kinds = {kind: cosines.double().cpu().numpy() for kind, cosines in similarities.kinds.items()}
    strangers = kinds.get("different people", calibrating[~same])
    both = {"same person": (calibrating[same], calibrating[~same])}
    both |= {kind: (kinds[kind], strangers) for kind in LABELS if kind in kinds and kind not in both}
    return {kind: pairs for kind, pairs in both.items() if all(map(len, pairs))}


def roc_curve(positive: Scores, negative: Scores, points: int = 400) -> tuple[Scores, Scores]:
    """Shares of negatives and positives above a threshold, from (0, share at no false accept) to (1, 1).

    Args:
        positive: scores of pairs that should be accepted.
        negative: scores of pairs that should not.
        points: thresholds: so many of the negatives' scores, closer together where few are accepted.
    """
    falling = np.sort(negative)[::-1]
    ranks = np.unique(np.geomspace(1, len(falling), points).round().astype(int)) - 1
    thresholds = falling[ranks]
    rising_positive, rising_negative = np.sort(positive), falling[::-1]
    accepted = 1.0 - np.searchsorted(rising_positive, thresholds, side="right") / len(positive)
    far = 1.0 - np.searchsorted(rising_negative, thresholds, side="right") / len(negative)
    return np.append(far, 1.0), np.append(accepted, 1.0)
