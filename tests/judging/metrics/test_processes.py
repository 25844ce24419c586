"""If this fails, several processes measure something else than one, or one run's faces count in the next."""

import math

import pytest
import torch

from riddle_pl.judging import metrics

FACES = 12


def unit(*shape, seed):
    return torch.rand(FACES, *shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def missing_some(*shape, seed):
    x = unit(*shape, seed=seed)
    x[2] = math.nan
    return x


CASES = {
    metrics.MeanCosine: (lambda: metrics.MeanCosine(seed=3), [unit(4, seed=0), unit(4, seed=1)]),
    metrics.IdentificationRate: (lambda: metrics.IdentificationRate(0.1, seed=3), [unit(4, seed=0), unit(4, seed=1)]),
    metrics.RankOneRate: (lambda: metrics.RankOneRate(seed=3), [unit(2, seed=0), unit(2, seed=1)]),
    metrics.OtherPeopleRate: (lambda: metrics.OtherPeopleRate(0.1, seed=3), [unit(4, seed=0)]),
    metrics.DetectionRate: (lambda: metrics.DetectionRate(seed=3), [unit(seed=0) > 0]),
    metrics.BoxDistance: (lambda: metrics.BoxDistance(seed=3), [missing_some(4, seed=0), unit(4, seed=1)]),
    metrics.LandmarkDistance: (lambda: metrics.LandmarkDistance(seed=3), [unit(5, 2, seed=0), unit(5, 2, seed=1)]),
    metrics.MSE: (lambda: metrics.MSE(seed=3), [unit(3, 16, 16, seed=0), unit(3, 16, 16, seed=1)]),
    metrics.PSNR: (lambda: metrics.PSNR(seed=3), [unit(3, 16, 16, seed=0), unit(3, 16, 16, seed=1)]),
    metrics.SSIM: (lambda: metrics.SSIM(seed=3), [unit(3, 16, 16, seed=0), unit(3, 16, 16, seed=1)]),
    metrics.PairwiseDistance: (lambda: metrics.PairwiseDistance(seed=3), [unit(6, seed=0)]),
    metrics.DifferentPeople: (lambda: metrics.DifferentPeople(0.1, seed=3), [unit(6, seed=0)]),
    metrics.FrechetDistance: (lambda: metrics.FrechetDistance(3), [unit(3, seed=0), unit(3, seed=1)]),
}


def test_every_metric_is_tested():
    named = {value for name in metrics.__all__ if isinstance(value := getattr(metrics, name), type)}
    others = {
        metrics.Estimate,
        metrics.FaceMean,
        metrics.PerFace,
        metrics.PerceptualDistance,
    }  # bases, and one whose input is a list
    assert named - others == set(CASES)


@pytest.mark.parametrize("metric", CASES, ids=lambda metric: metric.__name__)
def test_two_processes_measure_what_one_does(metric):
    make, inputs = CASES[metric]
    whole, first, second = make(), make(), make()
    whole.update(*inputs)
    first.update(*(x[:5] for x in inputs))
    second.update(*(x[5:] for x in inputs))
    second.merge_state(first)  # what gathering does, in another order
    assert list(second.compute()) == pytest.approx(list(whole.compute()), rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("metric", CASES, ids=lambda metric: metric.__name__)
def test_every_state_says_how_it_gathers(metric):
    made = CASES[metric][0]()
    assert made._reductions
    assert None not in made._reductions.values()


@pytest.mark.parametrize("metric", CASES, ids=lambda metric: metric.__name__)
def test_reset_forgets_the_faces(metric):
    make, inputs = CASES[metric]
    used, fresh = make(), make()
    used.update(*inputs)
    used.compute()
    used.reset()
    for each in (used, fresh):
        each.update(*(x[:7] for x in inputs))
    assert list(used.compute()) == pytest.approx(list(fresh.compute()), nan_ok=True)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("metric", CASES, ids=lambda metric: metric.__name__)
def test_without_a_face_there_is_no_number(metric):
    estimate = CASES[metric][0]().compute()
    assert math.isnan(estimate.mean)
    assert estimate.faces == 0
