"""A failure here: a run with Ranger or a schedule would not train as configured, or not resume."""

import io
import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from riddle_pl.errors import ConfigError
from riddle_pl.training import optim, schedule


@pytest.mark.parametrize("make", [optim.ranger, optim.adamw])
def test_optimisers_lower_a_loss(make) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    layer, x, y = nn.Linear(8, 8), torch.randn(32, 8), torch.randn(32, 8)
    frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    optimizer = make([*layer.parameters(), frozen], lr=1e-2)
    assert len(optimizer.param_groups[0]["params"]) == 2

    def loss() -> torch.Tensor:
        return (layer(x) - y).square().mean()

    start = loss().item()
    for _ in range(60):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < 0.95 * start


def test_ranger_continues_from_a_saved_state_without_pickle() -> None:
    def steps(layer: nn.Linear, optimizer: torch.optim.Optimizer, first: int, last: int) -> None:
        for step in range(first, last):
            optimizer.zero_grad()
            layer(torch.full((1, 4), float(step))).square().sum().backward()
            optimizer.step()

    torch.manual_seed(0)
    straight = nn.Linear(4, 4)
    resumed = nn.Linear(4, 4)
    resumed.load_state_dict(straight.state_dict())
    steps(straight, optim.ranger(straight.parameters()), 0, 15)

    before = optim.ranger(resumed.parameters())
    steps(resumed, before, 0, 7)  # between two synchronisations of Lookahead
    file = io.BytesIO()
    torch.save(before.state_dict(), file)
    file.seek(0)
    after = optim.ranger(resumed.parameters())
    after.load_state_dict(torch.load(file, weights_only=True))
    steps(resumed, after, 7, 15)
    assert torch.equal(straight.weight, resumed.weight)


def rates(make, steps: int, **settings: float) -> list[float]:  # type: ignore[no-untyped-def]
    optimizer = optim.adamw([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer, **settings)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def test_warm_up_rises_to_the_full_rate() -> None:
    assert rates(schedule.constant, 6, warmup_steps=4) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert rates(schedule.constant, 2) == [1.0, 1.0]


def test_cosine_falls_to_the_final_share() -> None:
    seen = rates(schedule.cosine, 21, total_steps=20, warmup_steps=4, final_ratio=0.1)
    assert seen[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert all(a >= b for a, b in pairwise(seen[4:]))
    assert seen[12] == pytest.approx(0.55)
    assert seen[20] == pytest.approx(0.1)
    half_a_cosine = [0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done / 16)) for done in range(17)]
    assert seen[4:] == pytest.approx(half_a_cosine)


def test_cosine_stays_at_its_end() -> None:
    seen = rates(schedule.cosine, 9, total_steps=4)
    assert seen[4:] == pytest.approx([0.01] * 5)
    assert seen[1] == pytest.approx(0.01 + 0.99 * 0.5 * (1 + 0.5**0.5))  # a straight line would be at 0.7525


@pytest.mark.parametrize(
    "settings",
    [
        {"total_steps": 5, "warmup_steps": 5},
        {"total_steps": 5, "warmup_steps": -1},
        {"total_steps": 5, "final_ratio": 2},
    ],
)
def test_impossible_schedules_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="scheduler"):
        rates(schedule.cosine, 1, **settings)
