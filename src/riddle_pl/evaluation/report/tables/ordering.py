"""Whether the paper's ablation orders the experiments as ours does."""

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from enum import Enum

from scipy.stats import ttest_ind

from riddle_pl.evaluation.report.paper import paper
from riddle_pl.evaluation.report.report import Report
from riddle_pl.evaluation.report.table import Line, Table
from riddle_pl.evaluation.report.tables.ablation import COLUMNS, PAPER_COLUMNS, figures_by_place
from riddle_pl.evaluation.report.tables.select import judge_title
from riddle_pl.judging.metrics.estimate import LEVEL


class Agreement(Enum):
    """What two experiments say about the paper's order of them."""

    SAME = "as in the paper"
    OTHER = "the other way"
    UNDECIDED = "undecided"


def ordering_table(reports: Mapping[str, Sequence[Report]]) -> Table:
    """One line per figure, judge and reference: each pair of experiments that the paper orders, ordered by ours.

    Args:
        reports: of each experiment, one per training seed.
    """
    named = {name: some for name, some in reports.items() if name in paper().ablation}
    everything = [report for some in named.values() for report in some]
    measured = {name: figures_by_place(some) for name, some in named.items()}
    places = list(dict.fromkeys(place for figures in measured.values() for place in figures))
    lines = []
    for (judge, reference), figure in itertools.product(places, PAPER_COLUMNS):
        ours = {
            name: figures[judge, reference][figure]
            for name, figures in measured.items()
            if figure in figures.get((judge, reference), {})
        }
        if len(ours) > 1:
            theirs = {name: paper().ablation[name].numbers[figure] for name in ours}
            lines.append(
                Line([COLUMNS[figure], judge_title(everything, judge), reference, *_verdict(ours, theirs)], [])
            )
    return Table(
        "ordering",
        "Does the paper's ordering hold here?",
        [
            "figure",
            "judge",
            "reference",
            "ours, ascending",
            "paper's, ascending",
            *(a.value for a in Agreement),
            "holds",
        ],
        [],
        lines,
        [
            "Ascending by the mean over training seeds. A pair is decided where Welch's test over the seeds separates "
            f"its two means at the level of {1.0 - LEVEL:.0%}, both ways, without correction for many pairs; with one "
            "seed none is",
            "It holds where every pair that the paper orders is decided as there; in the means, where the means alone "
            "have its order",
        ],
    )


def compare(first: Sequence[float], second: Sequence[float], theirs: float) -> Agreement:
    """Whether ``first`` lies on the side of ``second`` on which the paper has it.

    Args:
        first: one value per training seed.
        second: of the other experiment.
        theirs: the paper's first number less its second, not 0.
    """
    difference = statistics.fmean(first) - statistics.fmean(second)
    if len(first) < 2 or len(second) < 2 or math.isnan(difference):
        return Agreement.UNDECIDED
    if len({*first}) == len({*second}) == 1:  # no spread at all: Welch's test has no answer
        decided = difference != 0.0
    else:
        decided = bool(ttest_ind(first, second, equal_var=False).pvalue < 1.0 - LEVEL)
    if not decided:
        return Agreement.UNDECIDED
    return Agreement.SAME if difference * theirs > 0 else Agreement.OTHER


def _verdict(ours: Mapping[str, Sequence[float]], theirs: Mapping[str, float]) -> list[str]:
    means = {name: statistics.fmean(values) for name, values in ours.items()}
    pairs = [(a, b) for a, b in itertools.combinations(ours, 2) if theirs[a] != theirs[b]]
    found = [compare(ours[a], ours[b], theirs[a] - theirs[b]) for a, b in pairs]
    if all(agreement is Agreement.SAME for agreement in found):
        holds = "yes"
    elif all((means[a] - means[b]) * (theirs[a] - theirs[b]) > 0 for a, b in pairs):
        holds = "in the means"
    else:
        holds = "no"
    named = [
        "; ".join(f"{a} – {b}" for (a, b), one in zip(pairs, found, strict=True) if one is agreement) or "none"
        for agreement in Agreement
    ]
    return [_ascending(means), _ascending(theirs), *named, holds]


def _ascending(values: Mapping[str, float]) -> str:
    return ", ".join(sorted(values, key=lambda name: values[name]))
