"""Inversion would give codes of another pack, or drop the mean latent."""

import pytest
import torch

from riddle_pl.networks.e4e import E4EEncoder, E4EInverter


@pytest.fixture
def encoder() -> E4EEncoder:
    torch.manual_seed(0)
    return E4EEncoder(32, 10, widths=(4, 8, 8, 16), blocks=(1, 1, 1, 1), dim=16).eval()


def test_one_code_per_layer(encoder: E4EEncoder) -> None:
    assert encoder(torch.zeros(2, 3, 32, 32)).shape == (2, 10, 16)


def test_a_body_narrower_than_the_latents_is_widened() -> None:
    narrow = E4EEncoder(32, 8, widths=(4, 8, 8, 8), blocks=(1, 1, 1, 1), dim=16).eval()
    assert narrow(torch.zeros(1, 3, 32, 32)).shape == (1, 8, 16)


def test_layers_share_the_first_heads_code(encoder: E4EEncoder) -> None:
    x = torch.randn(1, 3, 32, 32)
    before = encoder(x)
    with torch.no_grad():
        encoder.styles[0].linear.bias += 1.0
    torch.testing.assert_close(encoder(x), before + 1.0)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_inversion_takes_any_size_and_adds_the_mean_latent(encoder: E4EEncoder, size: int) -> None:
    x, mean = torch.randn(2, 3, size, size), torch.randn(16)
    out = E4EInverter(encoder, mean)(x)
    plain = E4EInverter(encoder, torch.zeros(10, 16))(x)
    torch.testing.assert_close(out, plain + mean)
    assert "latent_avg" in E4EInverter(encoder, mean).state_dict()


def test_what_does_not_fit_is_an_error_that_names_both(encoder: E4EEncoder) -> None:
    with pytest.raises(ValueError, match="image is 64x64; this encoder takes 32x32"):
        encoder(torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="latent_avg has 18 layers; the encoder has 10"):
        E4EInverter(encoder, torch.zeros(18, 16))
    with pytest.raises(ValueError, match="size is 48; expected a power of two"):
        E4EEncoder(48)
    with pytest.raises(ValueError, match="expected four stages"):
        E4EEncoder(32, widths=(4, 8), blocks=(1, 1))
