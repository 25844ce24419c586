"""If this fails, the perceptual loss of the lite pack weighs its levels, or the whole of itself, wrongly."""

import pytest
import torch
from torch import nn

from riddle_pl.losses.perceptual import perceptual_loss
from riddle_pl.networks.features import LPIPS_OF_STRANGERS, PackFeatures, on_lpips_scale
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.generator.perceptual import strangers_distance


def test_levels_halve_and_have_unit_length_after_fitting() -> None:
    torch.manual_seed(0)
    features = PackFeatures((4, 8, 16))
    x = torch.randn(8, 3, 32, 32)
    features.fit_scale(x)
    maps = features(x)
    assert [tuple(level.shape[1:]) for level in maps] == [(8, 16, 16), (16, 8, 8)]
    for level in maps:
        torch.testing.assert_close(level.square().sum(dim=1).mean(), torch.tensor(1.0))


def test_same_image_has_no_distance_and_a_finite_gradient() -> None:
    features = PackFeatures((4, 8))
    x = torch.randn(2, 3, 16, 16)
    y = x.clone().requires_grad_(True)
    distance = sum((a - b).square().sum() for a, b in zip(features(x), features(y), strict=True))
    distance.backward()
    assert distance.item() == 0
    assert y.grad is not None
    assert torch.isfinite(y.grad).all()


def test_strangers_are_as_far_apart_as_in_lpips_once_that_is_known() -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 3, 32, 32)
    unknown = PackFeatures((4, 8))
    measured = strangers_distance(unknown, x)
    known = PackFeatures((4, 8), strangers=measured)
    known.load_state_dict(unknown.state_dict())
    scaled = on_lpips_scale(known)
    distance = perceptual_loss(scaled(x), scaled(x.roll(1, dims=0)))
    assert float(distance) == pytest.approx(LPIPS_OF_STRANGERS, rel=0.01)
    assert strangers_distance(known, x) == measured  # the given network is as it was


def test_features_of_unknown_scale_and_other_networks_stay_as_they_are() -> None:
    for network in (PackFeatures((4, 8)), nn.Identity()):
        assert on_lpips_scale(network) is network


@pytest.mark.parametrize("strangers", [0.0, -1.0, float("nan")])
def test_no_distance_is_refused(strangers: float) -> None:
    with pytest.raises(ValueError, match="strangers is"):
        PackFeatures((4, 8), strangers=strangers)


def test_the_lite_pack_says_how_far_apart_its_people_are() -> None:
    pack = load_pack("lite")
    generator = pack.generator()
    with torch.no_grad():
        x = generator(generator.broadcast(generator.random_w(128, 1))).clamp(-1.0, 1.0)
    features = pack.load("perceptual")
    assert isinstance(features, PackFeatures)
    assert features.strangers is not None
    assert strangers_distance(features, x) == pytest.approx(features.strangers, rel=0.2)
