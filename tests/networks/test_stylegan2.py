"""Images from a generator would be wrong, or differ from process to process, or its gradients would be."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from riddle_pl.networks.code_size import num_layers
from riddle_pl.networks.resample import Blur
from riddle_pl.networks.stylegan2 import Generator, ModulatedConv2d

TINY = {4: 8, 8: 8, 16: 8}


def fused(conv: ModulatedConv2d, x: Tensor, style: Tensor) -> Tensor:
    """The plain form (Karras et al. 2020, eqs. 1 and 3): one weight per sample, in a grouped convolution."""
    batch, _, height, width = x.shape
    s = conv.modulation(style)
    weight = conv.scale * conv.weight * s[:, None, :, None, None]
    if conv.demodulate:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    groups = x.reshape(1, -1, height, width)
    if conv.upsample:
        transposed = weight.transpose(1, 2).flatten(0, 1)
        out = F.conv_transpose2d(groups, transposed, stride=2, groups=batch)
        out = conv.blur(out.reshape(batch, -1, *out.shape[2:]))
    else:
        out = F.conv2d(groups, weight.flatten(0, 1), padding=conv.padding, groups=batch)
        out = out.reshape(batch, -1, *out.shape[2:])
    return conv.gain * out


@pytest.mark.parametrize(
    ("kernel", "demodulate", "upsample"), [(3, True, False), (3, True, True), (1, False, False), (3, False, True)]
)
def test_modulated_convolution_equals_the_fused_form(kernel: int, demodulate: bool, upsample: bool) -> None:
    torch.manual_seed(0)
    gain = 1.4 if demodulate else 1.0
    conv = ModulatedConv2d(6, 5, kernel, 7, demodulate, upsample, gain).double()
    x = torch.randn(3, 6, 8, 8, dtype=torch.float64, requires_grad=True)
    style = torch.randn(3, 7, dtype=torch.float64, requires_grad=True)
    inputs = (x, style, *conv.parameters())

    actual, expected = conv(x, style), fused(conv, x, style)
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)
    direction = torch.randn_like(actual)
    gradients = torch.autograd.grad(actual, inputs, direction), torch.autograd.grad(expected, inputs, direction)
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-11)


def test_blur_keeps_a_constant_image_after_zero_insertion() -> None:
    sparse = torch.zeros(1, 2, 17, 17)
    sparse[:, :, ::2, ::2] = 1.0
    torch.testing.assert_close(Blur(gain=4.0)(sparse)[:, :, 3:-3, 3:-3], torch.ones(1, 2, 10, 10))


@pytest.mark.parametrize(("size", "layers"), [(8, 4), (64, 10), (128, 12), (256, 14), (1024, 18)])
def test_number_of_layers(size: int, layers: int) -> None:
    assert num_layers(size) == layers


@pytest.mark.parametrize("size", [0, 4, 48, 100])
def test_other_sizes_are_errors(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size}; expected a power of two"):
        num_layers(size)


def test_codes_for_another_size_are_an_error_that_names_both() -> None:
    generator = Generator(16, TINY, style_dim=4, mapping_layers=1)
    with pytest.raises(ValueError, match="18 layers; this 16 px generator takes 6"):
        generator(torch.zeros(1, 18, 4))


def test_missing_channels_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"lack the resolutions \[32\]"):
        Generator(32, TINY)


def test_only_the_direction_of_z_matters() -> None:
    generator = Generator(16, TINY, style_dim=8, mapping_layers=2)
    z = torch.randn(2, 8)
    torch.testing.assert_close(generator.mapping(3 * z), generator.mapping(z))


def test_stored_noise_is_repeatable_and_random_noise_is_not() -> None:
    generator = Generator(16, TINY, style_dim=4, mapping_layers=1)
    for layer in (generator.conv1, *generator.convs):
        torch.nn.init.ones_(layer.noise.weight)
    w = generator.broadcast(generator.mapping(torch.randn(2, 4)))
    assert w.shape == (2, 6, 4)
    assert torch.equal(generator(w), generator(w))
    assert not torch.equal(generator(w, random_noise=True), generator(w, random_noise=True))


def test_mean_latent_is_seeded_and_leaves_the_global_generator_alone() -> None:
    generator = Generator(16, TINY, style_dim=4, mapping_layers=1)
    state = torch.get_rng_state()
    first, again, other = (generator.mean_w(64, seed) for seed in (0, 0, 1))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_gradients_reach_the_codes_of_every_layer_through_a_frozen_generator() -> None:
    generator = Generator(16, TINY, style_dim=4, mapping_layers=1).requires_grad_(False)
    w = torch.randn(1, 6, 4, requires_grad=True)
    generator(w).square().sum().backward()
    assert w.grad is not None
    assert (w.grad.abs().sum(dim=(0, 2)) > 0).all()
