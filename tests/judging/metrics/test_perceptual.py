"""If this fails, LPIPS, or the distance of a pack's features, is another number than its name says."""

from types import SimpleNamespace

import lpips
import pytest
import torch

from riddle_pl.judging.metrics import PerceptualDistance
from riddle_pl.networks.lpips_features import LPIPSFeatures


def test_worked_by_hand():
    # level 1: two positions, two channels; level 2: one position
    maps = [torch.tensor([[[[1.0, 0.0]], [[2.0, 0.0]]]]), torch.tensor([[[[3.0]]]])]
    metric = PerceptualDistance()
    metric.update(maps, [torch.zeros_like(level) for level in maps])
    assert metric.compute().mean == pytest.approx((1 + 4 + 0) / 2 + 9)


def test_identical_images_are_no_distance_apart():
    maps = [torch.rand(2, 3, 4, 4)]
    metric = PerceptualDistance()
    metric.update(maps, maps)
    assert metric.compute() == (0.0, 0.0, 0.0, 2)


@torch.no_grad()
def test_with_vgg_features_it_equals_the_lpips_package(monkeypatch):
    torch.manual_seed(0)
    ours = LPIPSFeatures().eval()
    ours.load_trunk({f"features.{key}": value for key, value in ours.features.state_dict().items()}, "test")
    trunk = SimpleNamespace(features=ours.features)  # at random: the real one is a download
    monkeypatch.setattr(lpips.pretrained_networks.tv, "vgg16", lambda pretrained: trunk)
    library = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False).eval()
    x, y = torch.rand(2, 2, 3, 32, 32) * 2 - 1
    metric = PerceptualDistance()
    metric.update(ours(x), ours(y))
    assert metric.compute().mean == pytest.approx(float(library(x, y).mean()), rel=1e-4)
