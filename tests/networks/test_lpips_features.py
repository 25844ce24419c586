"""The perceptual loss of pack ffhq256 would not be LPIPS, or its gradient would be NaN."""

from types import SimpleNamespace

import lpips
import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.losses.perceptual import perceptual_distance
from riddle_pl.networks.lpips_features import LPIPSFeatures


@pytest.fixture(scope="module")
def ours() -> LPIPSFeatures:
    torch.manual_seed(0)
    network = LPIPSFeatures()
    network.load_trunk({f"features.{key}": value for key, value in network.features.state_dict().items()}, "test")
    return network.eval().requires_grad_(False)


@pytest.fixture
def reference(ours: LPIPSFeatures, monkeypatch: pytest.MonkeyPatch) -> lpips.LPIPS:
    """The package's own module on the same trunk (its random one has a slow classifier)."""
    trunk = SimpleNamespace(features=ours.features)
    monkeypatch.setattr(lpips.pretrained_networks.tv, "vgg16", lambda pretrained: trunk)
    return lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False).eval()


def test_equals_the_lpips_package(ours: LPIPSFeatures, reference: lpips.LPIPS) -> None:
    x, y = torch.rand(2, 2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        expected = reference(x, y).flatten()
        actual = perceptual_distance(ours(x), ours(y))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-7)


def test_the_gradient_is_finite_even_for_a_flat_image(ours: LPIPSFeatures) -> None:
    x = torch.zeros(1, 3, 32, 32, requires_grad=True)
    sum(m.square().sum() for m in ours(x)).backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_weights_of_another_network() -> None:
    with pytest.raises(CheckpointError, match="does not fit Sequential"):
        LPIPSFeatures().load_trunk({"features.0.weight": torch.zeros(3)}, "other.pth")
