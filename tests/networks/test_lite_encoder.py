"""If this fails, photos can no longer be inverted with the embedded pack."""

import pytest
import torch

from riddle_pl.networks.lite_encoder import LiteEncoder

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 4}


def test_codes_are_a_base_and_offsets_from_it() -> None:
    torch.manual_seed(0)
    encoder = LiteEncoder(32, 8, CHANNELS, hidden=8)
    encoder.w_mean.fill_(2.0)
    x = torch.randn(2, 3, 32, 32)
    base, offsets = encoder.split(x)
    assert base.shape == (2, 1, 512)
    assert offsets.shape == (2, 7, 512)
    w = encoder(x)
    torch.testing.assert_close(w[:, :1], base)
    torch.testing.assert_close(w[:, 1:] - base, offsets)


def test_each_group_of_layers_reads_the_image() -> None:
    torch.manual_seed(0)
    encoder = LiteEncoder(32, 8, CHANNELS, hidden=8)
    x = torch.randn(1, 3, 32, 32, requires_grad=True)
    for layer in (0, 2, 4, 7):
        (gradient,) = torch.autograd.grad(encoder(x)[:, layer].sum(), x)
        assert gradient.abs().sum() > 0


def test_other_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="image is 64x64; this encoder takes 32x32"):
        LiteEncoder(32, 8, CHANNELS, hidden=8)(torch.zeros(1, 3, 64, 64))
