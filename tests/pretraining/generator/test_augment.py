"""A failure here: the generator would learn the augmentation, or get no gradient through it."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.pretraining.generator.augment import AUGMENTATIONS, Augmentation, cut_out, jitter_colour, translate


def test_shape_stays_and_the_gradient_arrives() -> None:
    x = torch.randn(4, 3, 16, 16, requires_grad=True)
    out = Augmentation(list(AUGMENTATIONS))(x)
    assert out.shape == x.shape
    (gradient,) = torch.autograd.grad(out.square().sum(), x)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_a_shift_moves_all_channels_alike_and_fills_with_zeros() -> None:
    x = torch.ones(32, 3, 16, 16)
    x[:, :, 8, 8] = 5.0
    out = translate(x)
    places = (out == 5.0).nonzero()[:, 2:].reshape(32, 3, 2)
    assert (places == places[:, :1]).all()
    assert (places - 8).abs().max() == 2  # an eighth of the side
    assert len(places[:, 0].unique(dim=0)) > 4
    rows = 16 - (places[:, 0, 0] - 8).abs()
    columns = 16 - (places[:, 0, 1] - 8).abs()
    assert torch.equal((out[:, 0] != 0).sum(dim=(1, 2)), rows * columns)


def test_a_square_is_cut_out() -> None:
    out = cut_out(torch.ones(16, 3, 16, 16))
    hidden = (out == 0).float()
    assert (hidden.mean(dim=(1, 2, 3)) <= 0.25 + 1e-6).all()
    assert (hidden.mean(dim=(1, 2, 3)) > 0).all()
    assert torch.equal(hidden[:, 0], hidden[:, 2])


def test_colours_change_by_a_brightness_a_saturation_and_a_contrast() -> None:
    x = torch.rand(8, 3, 4, 4)
    out = jitter_colour(x)
    assert ((out - x).abs().amax(dim=(1, 2, 3)) > 1e-3).all()
    grey = torch.rand(8, 1, 4, 4).expand(8, 3, 4, 4)
    torch.testing.assert_close(jitter_colour(grey).std(dim=1), torch.zeros(8, 4, 4), atol=1e-5, rtol=0)  # stays grey


def test_only_what_is_named_is_done() -> None:
    x = torch.rand(4, 3, 16, 16)
    assert torch.equal(Augmentation([])(x), x)
    moved = Augmentation(["translation"])(x)
    assert set(moved[moved > 0].tolist()) <= set(x.flatten().tolist())
    with pytest.raises(ConfigError, match="flip is unknown; choose from colour, cutout, translation"):
        Augmentation(["flip"])
