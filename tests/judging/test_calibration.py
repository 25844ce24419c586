"""If this fails, every rate is measured at a wrong threshold."""

import math

import pytest
import torch

from riddle_pl.errors import DataError
from riddle_pl.judging.calibration import calibrate
from riddle_pl.judging.pairs import PairSimilarities


def threshold(different, same, far):
    labels = torch.tensor([False] * len(different) + [True] * len(same), dtype=torch.bool)
    return calibrate(PairSimilarities(torch.tensor(different + same), labels, "made up"), far)


def test_threshold_worked_by_hand():
    # at most 1 of 10: the threshold is the second highest, which itself does not pass
    c = threshold([0.1, 0.9, 0.3, 0.4, 0.8, 0.2, 0.5, 0.0, 0.6, 0.7], [0.95, 0.85, 0.8, 0.1], far=0.1)
    assert (c.threshold, c.far, c.tar, c.different, c.same) == (pytest.approx(0.8), 0.1, 0.5, 10, 4)


def test_lfw_s_3000_pairs_at_one_in_a_thousand_let_three_pass():
    c = threshold([i / 3000 for i in range(3000)], [], far=1e-3)
    assert c.far == pytest.approx(3 / 3000)
    assert math.isnan(c.tar)


def test_fewer_pairs_than_the_rate_resolves_let_none_pass():
    assert threshold([0.1, 0.2], [0.3], far=1e-3)[:3] == (pytest.approx(0.2), 0.0, 1.0)


def test_ties_never_exceed_the_rate():
    assert threshold([0.5] * 100, [0.5, 0.6], far=0.1)[:3] == (0.5, 0.0, 0.5)


@pytest.mark.parametrize("same", [[], [0.5]])
def test_without_pairs_of_different_people_it_says_so(same):
    with pytest.raises(DataError, match="no pair of different people"):
        threshold([], same, 1e-3)
