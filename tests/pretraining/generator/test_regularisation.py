"""A failure here: the generator's recipe would hold the wrong slope down, or too often, or with the wrong weight."""

import pytest
import torch
from torch import nn

from riddle_pl.pretraining.generator.regularisation import LazyPenalty, PathLengthPenalty, R1Penalty


def test_a_penalty_is_due_every_few_steps_unless_it_has_no_weight() -> None:
    assert [step for step in range(9) if LazyPenalty(0.5, 4).due(step)] == [0, 4, 8]
    assert not any(LazyPenalty(0.0, 4).due(step) for step in range(9))


def test_r1_is_half_the_squared_gradient_at_the_weight_of_the_steps_without_it() -> None:
    slope = torch.randn(3, 4, 4)
    real = torch.randn(5, 3, 4, 4)
    penalty = R1Penalty(0.3, 16)(lambda x: (slope * x).sum(dim=(1, 2, 3)), real)
    torch.testing.assert_close(penalty, 16 * 0.3 * 0.5 * slope.square().sum())
    assert real.grad is None


def test_path_lengths_are_held_at_their_running_mean() -> None:
    penalty = PathLengthPenalty(2.0, 8)
    gain = torch.tensor(3.0, requires_grad=True)
    torch.manual_seed(0)
    w = torch.randn(2000, 2, 12)

    def draw(codes: torch.Tensor) -> torch.Tensor:
        return gain * codes.reshape(len(codes), 6, 2, 2)  # a pixel changes by the gain with its own number of the code

    first = penalty(draw, w)
    # The gradient is gain * noise / 2 for 12 numbers in each of 2 layers: its mean square is 9 / 4 of 12.
    length = (12 * 9 / 4) ** 0.5
    assert penalty.mean.item() == pytest.approx(length, rel=0.03)  # it starts at the first lengths, not at 0
    spread = length**2 / 48  # of lengths around their mean, about
    assert first.item() == pytest.approx(8 * 2.0 * spread, rel=0.05)
    penalty.mean.fill_(100.0)
    penalty(draw, w)
    assert penalty.mean.item() == pytest.approx(99.0 + 0.01 * length, rel=0.003)
    (slope,) = torch.autograd.grad(penalty(draw, w), gain)
    assert slope < 0  # paths are shorter than they were: the gain has to grow
    assert w.grad is None


def test_adam_is_slowed_down_for_the_steps_that_are_added() -> None:
    weights = nn.Linear(2, 2)
    weights.bias.requires_grad_(False)
    optimizer = LazyPenalty(1.0, 3).optimizer(weights.parameters(), 0.4, momentum=0.5)
    (group,) = optimizer.param_groups
    assert group["params"] == [weights.weight]
    assert group["lr"] == pytest.approx(0.3)
    assert group["betas"] == (0.5, 0.99**0.75)
