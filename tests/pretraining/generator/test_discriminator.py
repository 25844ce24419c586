"""A failure here: the generator's training would have no opponent, or one without an R1 penalty."""

import math

import pytest
import torch

from riddle_pl.pretraining.generator.discriminator import Discriminator, LatentDiscriminator

CHANNELS = {4: 8, 8: 4, 16: 4}


def test_one_score_per_image_and_features_down_to_4_pixels() -> None:
    network = Discriminator(16, CHANNELS)
    assert network(torch.zeros(5, 3, 16, 16)).shape == (5, 1)
    assert [tuple(level.shape) for level in network.block_maps(torch.zeros(2, 3, 16, 16))] == [
        (2, 4, 8, 8),
        (2, 8, 4, 4),
    ]


def test_the_gradient_penalty_has_a_gradient() -> None:
    network = Discriminator(16, CHANNELS)
    x = torch.randn(4, 3, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert network.from_rgb.weight.grad is not None
    assert network.from_rgb.weight.grad.abs().sum() > 0


def test_images_of_one_group_that_are_all_alike_are_noticed() -> None:
    network = Discriminator(16, CHANNELS).eval()
    image = torch.randn(1, 3, 16, 16)
    alone, alike = network(image), network(image.expand(4, 3, 16, 16))
    torch.testing.assert_close(alike, alone.expand(4, 1))
    different = network(torch.cat([image, torch.randn(3, 3, 16, 16)]))
    assert (different[0] - alone[0]).abs() > 1e-6


def test_the_batch_may_have_any_size() -> None:
    network = Discriminator(16, CHANNELS)
    for count in (1, 3, 6):
        assert torch.isfinite(network(torch.randn(count, 3, 16, 16))).all()


def test_the_latent_discriminator_judges_every_layer() -> None:
    network = LatentDiscriminator(dim=8, hidden=4)
    w = torch.randn(2, 5, 8, requires_grad=True)
    real, drawn = network.loss_real(w), network.loss_drawn(w)
    assert real > 0
    assert drawn > 0
    (gradient,) = torch.autograd.grad(real, w)
    assert (gradient.abs().sum(dim=2) > 0).all()
    for parameter in network.parameters():
        parameter.data.zero_()
    assert network.loss_real(w).item() == pytest.approx(math.log(2))
