"""If this fails, a rate by a recogniser is wrong."""

import math

import pytest
import torch

from riddle_pl.judging.metrics import IdentificationRate, MeanCosine, OtherPeopleRate, RankOneRate

E1, E2, BETWEEN = [1.0, 0.0], [0.0, 1.0], [2.0, 2.0]
A = torch.tensor([E1, E1, E1])
B = torch.tensor([[3.0, 0.0], E2, BETWEEN])
"""Cosines of A with B: 1, 0 and 0.7071, whatever the lengths."""


def test_identification_by_threshold_worked_by_hand():
    metric = IdentificationRate(0.5)
    metric.update(A, B)
    assert metric.compute()[::3] == (pytest.approx(2 / 3), 3)


def test_a_cosine_at_the_threshold_does_not_pass():
    metric = IdentificationRate(0.0)
    metric.update(A[:1], torch.tensor([E2]))
    assert metric.compute().mean == 0.0


def test_mean_cosine():
    metric = MeanCosine()
    metric.update(A, B)
    assert metric.compute().mean == pytest.approx((1 + 0 + math.sqrt(0.5)) / 3, abs=1e-6)


def test_rank_one_worked_by_hand():
    metric = RankOneRate()
    # gallery: e1, e2, between; the first finds itself, the second is nearest to e1, the third to itself
    metric.update(torch.tensor([E1, [1.0, 0.1], BETWEEN]), torch.tensor([E1, E2, BETWEEN]))
    assert metric.compute().mean == pytest.approx(2 / 3)


def test_rank_one_in_batches_searches_the_whole_gallery():
    metric = RankOneRate()
    metric.update(torch.tensor([E2]), torch.tensor([E1]))
    assert metric.compute().mean == 1.0  # alone in the gallery
    metric.update(torch.tensor([E2]), torch.tensor([E2]))
    assert metric.compute().mean == 0.5


def test_rank_one_of_identical_images_is_one():
    metric = RankOneRate()
    metric.update(torch.ones(600, 7) / 3, torch.ones(600, 7) / 3)
    assert metric.compute().mean == 1.0


def test_other_people_worked_by_hand():
    metric = OtherPeopleRate(0.5)
    metric.update(torch.tensor([E1]))
    assert metric.compute().faces == 0  # nobody else
    metric.update(torch.tensor([E1, E2]))
    assert metric.compute()[::3] == (pytest.approx((0.5 + 0.5 + 0) / 3), 3)


def test_other_people_across_blocks_leaves_out_oneself():
    metric = OtherPeopleRate(0.5)
    metric.update(torch.eye(700))
    assert metric.compute().mean == 0.0
