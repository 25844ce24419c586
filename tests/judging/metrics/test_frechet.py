"""If this fails, FID and its like are other numbers than the literature's."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from riddle_pl.judging.metrics import FrechetDistance


@pytest.fixture(scope="module")
def features():
    g = torch.Generator().manual_seed(0)
    mix = torch.randn(6, 6, generator=g)
    return torch.randn(80, 6, generator=g) @ mix + 1.0, torch.randn(50, 6, generator=g)


def distance(a, b):
    metric = FrechetDistance(a.shape[1])
    metric.update(a, b)
    return metric.compute()


def test_worked_by_hand():
    # one dimension: means 1 and 4, variances 2 and 8: 3² + (√8 - √2)²
    a, b = torch.tensor([[0.0], [2.0]]), torch.tensor([[2.0], [6.0]])
    assert distance(a, b).mean == pytest.approx(9 + (8**0.5 - 2**0.5) ** 2)


def test_it_is_the_formula_with_scipy_s_matrix_root(features):
    a, b = (f.double().numpy() for f in features)
    sigma, sigma_2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(sigma @ sigma_2).real
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(sigma + sigma_2 - 2 * root)
    assert distance(*features).mean == pytest.approx(expected, rel=1e-6)


def test_it_equals_torchmetrics(features):
    class Passed(torch.nn.Module):
        """Takes features for images."""

        num_features = 6

        def forward(self, x):
            return x

    library = FrechetInceptionDistance(Passed(), input_img_size=(6,)).set_dtype(torch.float64)
    library.update(features[0].double(), real=False)
    library.update(features[1].double(), real=True)
    assert distance(*features).mean == pytest.approx(float(library.compute()), rel=1e-5)


def test_equal_sets_are_no_distance_apart(features):
    assert distance(features[0], features[0]).mean == pytest.approx(0.0, abs=1e-6)
    alike = torch.ones(5, 3)
    assert distance(alike, alike).mean == 0.0


def test_rounding_below_zero_is_no_spread():
    """Variances in directions in which nothing differs come out as 0 or a little less; their roots must be numbers."""
    g = torch.Generator().manual_seed(2)
    a, b = torch.randn(5, 40, generator=g).double(), torch.randn(6, 40, generator=g).double()
    # of the centred rows A and B, the root's trace is the sum of the singular values of A Bᵀ
    cross = torch.linalg.svdvals((a - a.mean(0)) @ (b - b.mean(0)).T).sum() / (4 * 5) ** 0.5
    expected = (a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum() - 2 * cross
    assert distance(a, b).mean == pytest.approx(float(expected), rel=1e-6)


def test_fewer_images_than_features_still_give_a_number(features):
    estimate = distance(features[0][:4], features[1][:3])
    assert math.isfinite(estimate.mean)
    assert estimate.faces == 3


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_one_image_has_no_spread_and_no_number():
    assert math.isnan(distance(torch.ones(1, 3), torch.ones(1, 3)).mean)
    assert math.isnan(FrechetDistance(3).compute().mean)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_features_that_are_no_numbers_are_not_a_perfect_score(features, odd, side):
    broken = [one.clone() for one in features]
    broken[side][3, 2] = odd
    assert math.isnan(distance(*broken).mean)


def test_its_memory_does_not_grow(features):
    metric = FrechetDistance(6)
    sizes = set()
    for _ in range(3):
        metric.update(*features)
        sizes.add(sum(getattr(metric, name).numel() for name in metric._defaults))
    assert sizes == {2 + 2 * 6 + 2 * 36}


def test_it_has_no_interval(features):
    assert math.isnan(distance(*features).low)
