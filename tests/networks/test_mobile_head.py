"""Smaller photographic pictures could not be drawn, or would not follow all of the code."""

from typing import Any

import pytest
import torch

from riddle_pl.networks.mobile_head import FEATURES, MobileHead
from riddle_pl.networks.mobile_stylegan import CHANNELS
from riddle_pl.packs import build


def head(size: int, **changes: Any) -> MobileHead:
    network = MobileHead(size, **{"width": 8, "depth": 2, "maps": 2, **changes})
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network


def features(size: int, batch: int = 1) -> torch.Tensor:
    blocks, channels = FEATURES[size]
    return torch.randn(batch, 4 * 2**blocks, 4 * 2**blocks, channels)


@pytest.mark.parametrize("size", sorted(FEATURES))
def test_draws_twice_the_side_of_the_features(size: int) -> None:
    x = head(size)(features(size), torch.randn(1, 23, 512))
    assert x.shape == (1, 3, size, size)


def test_reads_features_that_the_generator_has() -> None:
    for size, (blocks, channels) in FEATURES.items():
        assert channels == CHANNELS[blocks - 1]
        assert 4 * 2**blocks == size // 2


def test_follows_the_layers_that_it_stands_for_and_no_others() -> None:
    network, x, w = head(128), features(128), torch.randn(1, 23, 512)
    early, late = w.clone(), w.clone()
    early[:, :13] += 1.0  # those of the blocks up to 64 px, already in the features
    late[:, 13:] += 1.0
    torch.testing.assert_close(network(x, early), network(x, w), rtol=0, atol=0)
    assert (network(x, late) - network(x, w)).abs().max() > 1e-3


def test_every_part_learns() -> None:
    network = head(128)
    network(features(128), torch.randn(1, 23, 512)).square().mean().backward()
    still = [name for name, parameter in network.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert still == []


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="size is 64; there are heads of 128, 256 px"):
        MobileHead(64)


def test_is_built_from_the_arguments_of_a_manifest() -> None:
    network = build("mobile_head", {"size": 256, "width": 16, "depth": 1, "maps": 1})
    assert isinstance(network, MobileHead)
    assert (network.size, network.blocks) == (256, 5)
