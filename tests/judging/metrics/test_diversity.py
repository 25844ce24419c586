"""If this fails, the table overstates into how many people a face can turn."""

import math

import pytest
import torch

from riddle_pl.judging.metrics import DifferentPeople, PairwiseDistance
from riddle_pl.judging.metrics.diversity import pair_cosines

COSINES = pair_cosines(torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]))[None]
"""Of three images: 0, 0.7071, 0.7071."""


def value(metric, cosines):
    metric.update(cosines)
    return metric.compute().mean


def test_worked_by_hand():
    assert COSINES[0].tolist() == pytest.approx([0, 0.5**0.5, 0.5**0.5])
    assert value(PairwiseDistance(), COSINES) == pytest.approx(1 - 2 * 0.5**0.5 / 3)
    assert value(DifferentPeople(0.5), COSINES) == pytest.approx(1 / 3)


def test_a_cosine_at_the_threshold_is_another_person():
    assert value(DifferentPeople(0.0), torch.zeros(1, 1)) == 1.0


def test_identical_images_are_one_person():
    alike = pair_cosines(torch.ones(4, 8))[None]
    assert value(PairwiseDistance(), alike) == pytest.approx(0.0, abs=1e-6)
    assert value(DifferentPeople(0.9), alike) == 0.0


def test_one_image_has_no_pair():
    assert pair_cosines(torch.ones(1, 8)).shape == (0,)
    for metric in (PairwiseDistance(), DifferentPeople(0.5)):
        assert math.isnan(value(metric, torch.zeros(1, 0)))
