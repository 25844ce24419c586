"""If this fails, how well guesses or pairs are told apart is wrong."""

import pytest
import torch

from riddle_pl.judging.metrics.auroc import auroc


def test_worked_by_hand_with_a_tie_whatever_the_range_of_the_scores():
    for scale in (1.0, 1e-3, 1e4):
        found = auroc(scale * torch.tensor([2.0, 3.0]), scale * torch.tensor([1.0, 2.0]))
        assert found == pytest.approx(0.875)
    assert auroc(torch.ones(2), torch.ones(3)) == pytest.approx(0.5)


def test_it_is_the_share_of_pairs_in_the_right_order():
    rng = torch.Generator().manual_seed(0)
    positive, negative = (torch.randn(count, generator=rng).mul(4).round() for count in (70, 300))
    pairs = (positive[:, None] > negative).double() + 0.5 * (positive[:, None] == negative)
    assert auroc(positive, negative) == pytest.approx(float(pairs.mean()), abs=1e-6)
