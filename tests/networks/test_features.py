"""If this fails, the perceptual loss of the lite pack weighs its levels wrongly."""

import torch

from riddle_pl.networks.features import PackFeatures


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
