"""If this fails, a rate or an interval in the tables is wrong."""

import math

import pytest
import torch
from torchmetrics.functional.image import peak_signal_noise_ratio

from riddle_pl.evaluation.metrics import (
    PSNR,
    DetectionRate,
    IdentificationRate,
    MeanCosine,
    OtherPeopleRate,
    RankOneRate,
    bootstrap,
)

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


def test_detection_rate():
    metric = DetectionRate()
    metric.update(torch.tensor([True, False]))
    metric.update(torch.tensor([True, True]))
    assert metric.compute().mean == 0.75


def test_psnr_equals_the_library_s():
    x, y = (torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(i)) * 2 - 1 for i in (0, 1))
    metric = PSNR()
    metric.update(x, y)
    each = [peak_signal_noise_ratio((a + 1) / 2, (b + 1) / 2, data_range=1.0) for a, b in zip(x, y, strict=True)]
    assert metric.compute().mean == pytest.approx(float(torch.stack(each).mean()), rel=1e-5)


def test_psnr_of_equal_images_is_finite():
    metric = PSNR()
    metric.update(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4))
    assert metric.compute() == (pytest.approx(100.0, abs=1e-4),) * 3 + (2,)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("metric", [IdentificationRate(0.5), RankOneRate(), OtherPeopleRate(0.5), PSNR()])
def test_without_a_face_there_is_no_number(metric):
    estimate = metric.compute()
    assert math.isnan(estimate.mean)
    assert estimate.faces == 0


def test_two_processes_measure_what_one_does():
    whole, first, second = (IdentificationRate(0.5, seed=3) for _ in range(3))
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(50, 4, generator=g), torch.randn(50, 4, generator=g)
    whole.update(a, b)
    first.update(a[:20], b[:20])
    second.update(a[20:], b[20:])
    second.merge_state(first)  # what gathering does, in another order
    assert second.compute() == whole.compute()


def test_reset_forgets_the_faces():
    metric = IdentificationRate(0.5)
    metric.update(A, B)
    metric.compute()
    metric.reset()
    metric.update(A[:1], B[:1])
    assert metric.compute() == (1.0, 1.0, 1.0, 1)


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
    monkeypatch.setattr("riddle_pl.evaluation.metrics.estimate._BLOCK", 100 * 30)  # 200 resamples in blocks of 30
    assert bootstrap(values, 200, seed=0) == pytest.approx(whole)
