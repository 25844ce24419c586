"""A failure here: W would not be the Gaussian that the encoder's codes are held to, or a moved W would draw others."""

import torch

from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.gaussian_mapping import REACH, move_w, set_gaussian_mapping

CHANNELS = {4: 8, 8: 8, 16: 4}


def test_w_is_a_shifted_and_scaled_z() -> None:
    generator = Generator(16, CHANNELS, style_dim=64)
    mean = set_gaussian_mapping(generator, 0.3)
    assert mean == REACH * 0.3
    z = torch.randn(1000, 64)
    unit = z / z.square().mean(dim=1, keepdim=True).sqrt()
    torch.testing.assert_close(generator.mapping(z), mean + 0.3 * unit, atol=1e-4, rtol=1e-4)


def test_it_is_not_trained() -> None:
    generator = Generator(16, CHANNELS)
    set_gaussian_mapping(generator, 1.0)
    assert not any(p.requires_grad for p in generator.style.parameters())
    assert generator.conv1.conv.weight.requires_grad


def test_a_moved_w_draws_what_the_old_one_drew() -> None:
    torch.manual_seed(0)
    generator = Generator(16, CHANNELS)
    w = torch.randn(2, generator.num_layers, 512)
    shift = torch.randn(512)
    before = generator(w)
    move_w(generator, shift)
    torch.testing.assert_close(generator(w + shift), before, atol=1e-3, rtol=1e-3)
    assert (generator(w) - before).abs().max() > 0.1
