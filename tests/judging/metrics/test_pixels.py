"""If this fails, the quality of the recovered images is not what the table says."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import peak_signal_noise_ratio as torchmetrics_psnr

from riddle_pl.judging.metrics import MSE, PSNR, SSIM

METRICS = (MSE, PSNR, SSIM)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.random((3, 3, 4, 4)), np.ones((8, 8)))
    noisy = (smooth + rng.normal(0, 0.1, smooth.shape)).clip(0, 1)
    return tuple(torch.from_numpy(a).float() * 2 - 1 for a in (noisy, smooth))


def mean(metric, *images):
    metric.update(*images)
    return metric.compute().mean


def test_worked_by_hand():
    black, grey = torch.full((1, 3, 16, 16), -1.0), torch.zeros(1, 3, 16, 16)
    assert mean(MSE(), black, grey) == pytest.approx(0.25)
    assert mean(PSNR(), black, grey) == pytest.approx(-10 * math.log10(0.25))
    # means 0 and 0.5, no variance: c1 / (0.25 + c1) with c1 = 0.01²
    assert mean(SSIM(), black, grey) == pytest.approx(1e-4 / (0.25 + 1e-4), rel=1e-3)


def test_equal_images_are_perfect():
    x = torch.zeros(2, 3, 16, 16)
    assert mean(MSE(), x, x) == 0.0
    assert mean(PSNR(), x, x) == pytest.approx(100.0, abs=1e-4)  # and not infinity
    assert mean(SSIM(), x, x) == pytest.approx(1.0)


def test_they_equal_scikit_image(images):
    a, b = ((x.numpy() + 1) / 2 for x in images)
    each = {
        MSE: [mean_squared_error(x, y) for x, y in zip(a, b, strict=True)],
        PSNR: [peak_signal_noise_ratio(x, y, data_range=1.0) for x, y in zip(b, a, strict=True)],
        SSIM: [
            structural_similarity(
                x, y, data_range=1.0, channel_axis=0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
            )
            for x, y in zip(a, b, strict=True)
        ],
    }
    for metric, expected in each.items():
        assert mean(metric(), *images) == pytest.approx(float(np.mean(expected)), rel=1e-5)


def test_psnr_equals_torchmetrics(images):
    a, b = ((x + 1) / 2 for x in images)
    psnr = [float(torchmetrics_psnr(x, y, data_range=1.0)) for x, y in zip(a, b, strict=True)]
    assert mean(PSNR(), *images) == pytest.approx(np.mean(psnr), rel=1e-5)


def test_one_image_is_measured_like_many(images):
    a, b = images
    for metric in METRICS:
        single = [mean(metric(), a[i : i + 1], b[i : i + 1]) for i in range(3)]
        assert mean(metric(), a, b) == pytest.approx(np.mean(single), rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_values_out_of_range_count_as_they_are_saved(metric):
    x = torch.rand(1, 3, 16, 16) * 2 - 1
    assert mean(metric(), torch.full_like(x, 7.0), x) == mean(metric(), torch.ones_like(x), x)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_image_is_no_number():
    for metric in METRICS:
        assert math.isnan(metric().compute().mean)
        assert math.isnan(mean(metric(), torch.zeros(0, 3, 16, 16), torch.zeros(0, 3, 16, 16)))
    assert math.isnan(mean(SSIM(), torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)))  # smaller than the window
