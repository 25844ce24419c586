"""A failure here: W would not be the Gaussian that the encoder's codes are held to, or whitening would change faces."""

import pytest
import torch

from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.pretraining.generator.gaussian_mapping import FLOOR, REACH, Whitening, set_gaussian_mapping

CHANNELS = {4: 8, 8: 8, 16: 4, 32: 4}


def test_w_is_a_shifted_z() -> None:
    generator = Generator(16, CHANNELS, style_dim=64)
    set_gaussian_mapping(generator)
    z = torch.randn(1000, 64)
    unit = z / z.square().mean(dim=1, keepdim=True).sqrt()
    torch.testing.assert_close(generator.mapping(z), REACH + unit, atol=1e-3, rtol=1e-4)


def test_it_is_not_trained() -> None:
    generator = Generator(16, CHANNELS)
    set_gaussian_mapping(generator)
    assert not any(p.requires_grad for p in generator.style.parameters())
    assert generator.conv1.conv.weight.requires_grad


def test_whitened_codes_have_the_moments_of_w_and_draw_the_same_faces() -> None:
    torch.manual_seed(0)
    generator = Generator(32, CHANNELS, style_dim=16)
    encoder = LiteEncoder(32, generator.num_layers, CHANNELS, hidden=16, dim=16)
    encoder.w_mean.normal_()
    x = torch.randn(500, 3, 32, 32)
    with torch.no_grad():
        before = encoder(x)
        drawn = generator(before)
        Whitening.of(before.flatten(0, 1)).apply(generator, encoder)
        after = encoder(x)
        torch.testing.assert_close(generator(after), drawn, atol=1e-2, rtol=1e-2)
    codes = after.flatten(0, 1)
    torch.testing.assert_close(codes.mean(dim=0), torch.full((16,), REACH), atol=1e-2, rtol=0)
    variances = torch.linalg.eigvalsh(torch.cov(codes.T))
    assert variances.max() < 1.01
    assert variances.max() > 0.99
    assert (after - before).abs().max() > 1.0


def test_directions_in_which_no_code_differs_are_not_brought_to_one() -> None:
    """Their variance is nothing, or by rounding less than that: without a floor they would be blown up, or be no
    numbers."""
    w = torch.randn(100, 1, generator=torch.Generator().manual_seed(0)) * torch.linspace(1, 2, 8)
    whitening = Whitening.of(w)
    assert torch.isfinite(whitening.matrix).all()
    torch.testing.assert_close(whitening.matrix @ whitening.inverse, torch.eye(8), atol=1e-4, rtol=0)
    largest = torch.linalg.eigvalsh(torch.cov(w.T)).max()
    assert float(torch.linalg.matrix_norm(whitening.matrix, 2)) == pytest.approx(
        float((FLOOR * largest) ** -0.5), rel=1e-3
    )
