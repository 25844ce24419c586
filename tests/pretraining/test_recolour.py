"""A failure here: augmentation would paint over the face, or a resumed run would see other images."""

import torch

from riddle_pl.pretraining.recolour import augmented_pixels, fill_background


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_only_the_marked_pixels_are_replaced() -> None:
    x = torch.full((4, 3, 16, 16), 0.123)
    where = torch.zeros(4, 16, 16, dtype=torch.bool)
    where[:, :4] = True
    out = fill_background(x, where, rng())
    assert torch.equal(out[:, :, 4:], x[:, :, 4:])
    assert (out[:, :, :4] != 0.123).float().mean() > 0.9
    assert out.abs().max() <= 1.0


def test_chance_comes_from_the_generator_that_is_given() -> None:
    x = torch.rand(4, 3, 16, 16)
    where = torch.rand(4, 16, 16) < 0.5
    for function in (lambda: augmented_pixels(x, rng()), lambda: fill_background(x, where, rng())):
        first = function()
        torch.manual_seed(99)
        assert torch.equal(first, function())
    assert (augmented_pixels(x, rng()) - x).abs().mean() > 0.02
    assert augmented_pixels(x, rng()).shape == x.shape
