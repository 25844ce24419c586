"""If this fails, the ablation claims the paper's ordering where the seeds do not show it, or hides a contradiction."""

import pytest

from riddle_pl.evaluation.report.tables import ordering_table
from riddle_pl.evaluation.report.tables.ordering import Agreement, compare
from tests.evaluation.report.tables.test_ablation import run

# The paper's de-identification: riddle 0.016, wo_transformer 0.018, wo_diversity 0.025, riddle_df 0.034.
AS_PAPER = {"riddle": 0.1, "wo_transformer": 0.2, "wo_diversity": 0.3, "riddle_df": 0.4}


def runs(values, spread=0.001):
    return {name: [run(name, seed, value + spread * seed) for seed in range(3)] for name, value in values.items()}


def pairs(cell):
    return [] if cell == "none" else cell.split("; ")


def de_identification(reports):
    return cells_of(ordering_table(reports), "de-identification ↓", "fake", "inversion")


def cells_of(table, *labels):
    [line] = [line for line in table.lines if (*line.labels[:3],) == labels]
    return dict(zip(table.head, table.cells(line), strict=True))


def test_the_paper_s_order_holds_where_every_pair_is_decided():
    found = de_identification(runs(AS_PAPER))
    assert found["ours, ascending"] == found["paper's, ascending"] == "riddle, wo_transformer, wo_diversity, riddle_df"
    assert [len(pairs(found[agreement.value])) for agreement in Agreement] == [6, 0, 0]
    assert found["holds"] == "yes"


def test_seeds_that_spread_decide_nothing():
    found = de_identification(runs(AS_PAPER, spread=5.0))
    assert [len(pairs(found[agreement.value])) for agreement in Agreement] == [0, 0, 6]
    assert found["holds"] == "in the means"


def test_a_contradiction_is_named():
    found = de_identification(runs({**AS_PAPER, "riddle": 0.9}))
    against = ["riddle – wo_transformer", "riddle – wo_diversity", "riddle – riddle_df"]
    assert pairs(found["the other way"]) == against
    assert not set(pairs(found["as in the paper"])) & set(against)
    assert (len(pairs(found["as in the paper"])), found["undecided"]) == (3, "none")
    assert found["ours, ascending"].endswith("riddle")
    assert found["holds"] == "no"


def test_equal_figures_are_no_order():
    table = ordering_table(runs(AS_PAPER))
    recovery = cells_of(table, "recovery ↑", "fake", "inversion")  # 0.9 in all
    assert len(pairs(recovery["undecided"])) == 6
    assert recovery["holds"] == "no"


def test_experiments_of_one_s_own_and_single_ones_have_no_order():
    assert ordering_table({"mine": [run("mine", 0, 0.1)], "riddle": [run("riddle", 0, 0.2)]}).lines == []


@pytest.mark.parametrize(
    ("first", "second", "theirs", "expected"),
    [
        ([0.1, 0.11, 0.12], [0.5, 0.51, 0.52], -1.0, Agreement.SAME),
        ([0.1, 0.11, 0.12], [0.5, 0.51, 0.52], 1.0, Agreement.OTHER),
        ([0.1, 0.5], [0.2, 0.6], -1.0, Agreement.UNDECIDED),
        ([0.1], [0.9], -1.0, Agreement.UNDECIDED),
        ([0.1, 0.1], [0.2, 0.2], -1.0, Agreement.SAME),
        ([0.2, 0.2], [0.2, 0.2], -1.0, Agreement.UNDECIDED),
        ([float("nan")] * 2, [0.2, 0.3], -1.0, Agreement.UNDECIDED),
        # two seeds far apart beside six close together: p is 0.36 by Welch's test, 0.017 by Student's
        ([0.1, 0.5], [0.6, 0.61, 0.62, 0.6, 0.61, 0.62], -1.0, Agreement.UNDECIDED),
    ],
)
def test_pairs_worked_by_hand(first, second, theirs, expected):
    assert compare(first, second, theirs) is expected
