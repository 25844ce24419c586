"""If this fails, the intervals in the tables are wrong."""

import math

import pytest
import torch

from riddle_pl.judging.metrics import bootstrap


def test_interval_of_a_rate_is_the_binomial_one():
    values = (torch.arange(400) % 2).float()
    mean, low, high, faces = bootstrap(values, resamples=4000, seed=0)
    half = 1.96 * math.sqrt(0.25 / 400)
    assert (mean, faces) == (0.5, 400)
    assert low == pytest.approx(0.5 - half, abs=0.006)
    assert high == pytest.approx(0.5 + half, abs=0.006)


def test_interval_is_repeatable_and_blind_to_order():
    values = torch.randn(300, generator=torch.Generator().manual_seed(1))
    assert bootstrap(values, 500, seed=7) == bootstrap(values.flip(0), 500, seed=7)
    assert bootstrap(values, 500, seed=7) != bootstrap(values, 500, seed=8)


def test_many_faces_are_resampled_in_blocks(monkeypatch):
    values = torch.randn(100, generator=torch.Generator().manual_seed(1))
    whole = bootstrap(values, 200, seed=0)
    monkeypatch.setattr("riddle_pl.judging.metrics.estimate._BLOCK", 100 * 30)  # 200 resamples in blocks of 30
    assert bootstrap(values, 200, seed=0) == pytest.approx(whole)
