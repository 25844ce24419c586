"""Embeddings of the encryptions of a few people, in two dimensions."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.image_grid import short
from riddle_pl.figures.style import INK, MARKERS, PALETTE, SMALL_PT, named, new_figure, slug, style_axes
from riddle_pl.figures.traces import IdentityCloud


class Projection(NamedTuple):
    """Points in the plane, and the share of the variance that each axis shows."""

    points: Float[Tensor, "n 2"]
    explained: tuple[float, float]


def identities(cloud: IdentityCloud) -> Figure:
    """Embeddings of many encryptions per person; one colour and one marker per person.

    Raises:
        ValueError: a cloud without encryptions.
    """
    everything = torch.cat([*cloud.encryptions, *([] if cloud.originals is None else [cloud.originals])])
    points, explained = principal_components(everything)
    figure = new_figure(5.2, 4.4)
    axes = style_axes(figure.add_subplot(), *(f"component {i + 1} ({share:.0%})" for i, share in enumerate(explained)))
    start = 0
    for person, some in enumerate(cloud.encryptions):
        x, y = points[start : start + len(some)].T.numpy()
        marker, colour = MARKERS[person % len(MARKERS)], PALETTE[person % len(PALETTE)]
        axes.scatter(x, y, s=22, marker=marker, color=colour, edgecolor="white", linewidth=0.4, label=str(person + 1))
        start += len(some)
    if cloud.originals is not None:
        for person, (x, y) in enumerate(points[start:].tolist()):
            axes.scatter(x, y, s=130, marker="*", color=PALETTE[person % len(PALETTE)], edgecolor=INK, linewidth=0.8)
    axes.set_title(f"PCA of embeddings of {named(cloud.judge, cloud.note)}", fontsize=SMALL_PT, loc="left")
    axes.legend(title="person", fontsize=SMALL_PT, title_fontsize=SMALL_PT, loc="center left", bbox_to_anchor=(1, 0.5))
    return Figure(
        name=f"identities_{slug(cloud.judge)}",
        title=f"Identities of the encrypted faces, {named(cloud.judge, cloud.note)}",
        drawing=figure,
        caption=f"Up to {max(map(len, cloud.encryptions))} encryptions per person; stars: the faces themselves. "
        "Principal components (PCA, not the paper's t-SNE) of embeddings scaled to length 1; the two axes show "
        f"{sum(explained):.0%} of their variance. Encryptions should scatter over the plane, and not gather around "
        "their person's star. " + _people(cloud.people),
        alt=f"Scatter plot of embeddings of encryptions of {len(cloud.people)} people, in two principal components.",
    )


def principal_components(embeddings: Float[Tensor, "n d"]) -> Projection:
    """The first two principal components of the embeddings, each scaled to length 1 first.

    Raises:
        ValueError: fewer than two embeddings, or of fewer than two numbers.
    """
    if min(embeddings.shape) < 2:
        raise ValueError(f"embeddings are {tuple(embeddings.shape)}; two of two numbers each is the least")
    unit = F.normalize(embeddings.detach().double().cpu(), dim=1)
    centred = unit - unit.mean(dim=0)
    left, singular, right = torch.linalg.svd(centred, full_matrices=False)
    variance = singular.square()
    total = float(variance.sum()) or 1.0
    # The largest weight of each axis is made positive, so that every machine draws the same plot.
    signs = torch.sign(right[:2].gather(1, right[:2].abs().argmax(dim=1, keepdim=True))).squeeze(1)
    points = left[:, :2] * singular[:2] * signs
    return Projection(points, (float(variance[0]) / total, float(variance[1]) / total))


def _people(names: Sequence[str]) -> str:
    return "People: " + ", ".join(f"{i} {short(name)}" for i, name in enumerate(names, start=1)) + "."
