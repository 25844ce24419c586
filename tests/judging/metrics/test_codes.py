"""If this fails, figures of attacks call a scheme sound that is not, or broken that is sound."""

import math

import pytest
import torch

from riddle_pl.judging.metrics import Estimate
from riddle_pl.judging.metrics.codes import Components, bits, median_rank, ranks, wrong_above
from tests.evaluation.attacks.toys import PEOPLE, normal, thin


def test_a_photo_is_found_in_any_order_of_the_gallery():
    order = torch.randperm(PEOPLE, generator=torch.Generator().manual_seed(0))
    w = normal(PEOPLE, 1).flatten(1)
    centre = w.mean(dim=0)
    assert (ranks(w[order], w, order, centre) == 1).all()
    assert (ranks(w, w.roll(1, 0), torch.arange(PEOPLE), centre) > 1).all()
    assert (ranks(w[order] + 5.0, w, order, centre + 5.0) == 1).all()


def test_a_single_number_is_compared_by_difference_and_equal_ones_share_their_places():
    gallery = torch.tensor([[1.0], [2.0], [2.0], [9.0]])
    found = ranks(gallery, gallery, torch.arange(4), gallery.mean(dim=0))
    assert found.tolist() == [1.0, 1.5, 1.5, 1.0]
    assert ranks(torch.ones(4, 1), torch.ones(4, 1), torch.arange(4), torch.ones(1)).tolist() == [2.5] * 4


def test_ranks_of_the_right_password_worked_by_hand():
    above = wrong_above(torch.tensor([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    assert above.tolist() == [1.0, 0.5, 0.0, 0.5]


@pytest.mark.parametrize(("above", "rank", "expected"), [(1.0, 1.0, math.log2(500)), (0.5, 500.5, 0.0)])
def test_bits_of_a_face(above, rank, expected):
    found = median_rank(torch.full((30,), above), 50, 0)
    assert tuple(found) == (pytest.approx(rank), pytest.approx(rank), pytest.approx(rank), 30)
    assert bits(found).mean == pytest.approx(expected, abs=0.01)


def test_the_interval_of_a_median_holds_it_and_turns_round_in_bits():
    found = median_rank(torch.linspace(0, 1, 101), 200, 0)
    assert found.mean == pytest.approx(500.5)
    assert 300 < found.low < found.mean < found.high < 700
    turned = bits(Estimate(100.0, 50.0, 200.0, 9))
    assert turned == (pytest.approx(math.log2(5)), pytest.approx(math.log2(2.5)), pytest.approx(math.log2(10)), 9)


def test_components_span_what_they_were_made_of():
    w = thin(20, 1)
    assert float(Components.of(w, 6).outside(thin(20, 2)).abs().max()) < 1e-4
    every = Components.of(w, 100)
    assert len(every.rows) == 6
    torch.testing.assert_close(every.rows @ every.rows.T, torch.eye(6), atol=1e-4, rtol=0)
    assert float(every.whitened(w).square().mean()) == pytest.approx(1.0, abs=1e-3)
    assert Components.of(normal(300, 1), 4).outside(normal(300, 2)).mean() == pytest.approx(1 - 4 / 48, abs=0.05)
