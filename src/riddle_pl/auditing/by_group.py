"""Figures of everybody together, and of each group of people that the names of the files tell."""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.auditing.archives import members_of
from riddle_pl.auditing.audit import Bench, Figure
from riddle_pl.evaluation.metrics import OtherPeopleRate


def all_and_groups(names: Sequence[str], smallest: int) -> dict[str, list[int]]:
    """Which files belong to ``all``, and to each group that :func:`members_of` finds."""
    return {"all": list(range(len(names)))} | members_of(names, smallest)


def strangers_figures(
    bench: Bench,
    section: str,
    embeddings: Float[Tensor, "n d"],
    threshold: float,
    groups: Mapping[str, Sequence[int]],
    better: str = "",
) -> list[Figure]:
    """How often two people of one group pass as one person.

    Args:
        bench: seed and resamples of the intervals.
        section: heading.
        embeddings: of one image per person.
        threshold: cosine above which two images count as one person's.
        groups: rows of each group.
        better: see :class:`Figure`.
    """
    figures = []
    for group, indices in groups.items():
        rate = OtherPeopleRate(threshold, resamples=bench.resamples, seed=bench.seed)
        rate.update(embeddings[indices])
        figures.append(Figure.of(section, group, rate.compute(), better))
    return figures
