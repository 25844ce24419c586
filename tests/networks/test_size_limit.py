"""If this fails, a file of a few bytes takes all memory, or building a network twice changes its weights."""

import pytest
import torch
from torch import nn

from riddle_pl.networks.size_limit import MAX_CALLS, MAX_WEIGHTS, NetworkTooLargeError, build_within_limits


def test_the_network_is_the_one_that_one_call_makes() -> None:
    torch.manual_seed(3)
    plain = nn.Linear(4, 3)
    after = torch.randn(1)
    torch.manual_seed(3)
    built = build_within_limits(lambda: nn.Linear(4, 3))
    assert torch.equal(built.weight, plain.weight)
    assert torch.equal(torch.randn(1), after)
    assert built.weight.device.type == "cpu"


def test_too_many_weights_are_never_allocated() -> None:
    made = []

    def make() -> nn.Module:
        made.append("once")
        return nn.Linear(1 << 15, MAX_WEIGHTS >> 15)

    with pytest.raises(NetworkTooLargeError, match=f"weights; at most {MAX_WEIGHTS:,}"):
        build_within_limits(make)
    assert len(made) == 1  # without memory, and not again


def test_buffers_count() -> None:
    def make() -> nn.Module:
        module = nn.Module()
        module.register_buffer("noise", torch.zeros(MAX_WEIGHTS + 1))
        return module

    with pytest.raises(NetworkTooLargeError, match="weights; at most"):
        build_within_limits(make)


def test_endless_parts_are_given_up() -> None:
    with pytest.raises(NetworkTooLargeError, match="far too many parts"):
        build_within_limits(lambda: nn.Sequential(*(nn.PReLU() for _ in range(10 * MAX_CALLS))))


def test_sizes_that_overflow_are_named() -> None:
    with pytest.raises(NetworkTooLargeError, match="cannot have these sizes"):
        build_within_limits(lambda: nn.Linear(1 << 62, 1 << 62))
