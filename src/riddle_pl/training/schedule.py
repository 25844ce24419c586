"""Learning-rate schedules per optimiser step, each with an optional linear warm-up."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from riddle_pl.errors import ConfigError


def warmup_factor(step: int, warmup_steps: int) -> float:
    """Rises linearly from 1 / ``warmup_steps`` at step 0 to 1; always 1 without a warm-up."""
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps > 0 else 1.0


def constant(optimizer: Optimizer, warmup_steps: int = 0) -> LambdaLR:
    """The optimiser's learning rate, after the warm-up.

    Raises:
        ConfigError: negative ``warmup_steps``.
    """
    _check_steps(warmup_steps)
    return LambdaLR(optimizer, lambda step: warmup_factor(step, warmup_steps))


def cosine(optimizer: Optimizer, total_steps: int, warmup_steps: int = 0, final_ratio: float = 0.01) -> LambdaLR:
    """Half a cosine from the optimiser's learning rate down to ``final_ratio`` of it at ``total_steps``.

    Args:
        optimizer: its learning rate is the highest.
        total_steps: steps of the whole run; the rate stays at its end value afterwards.
        warmup_steps: linear rise before the descent.
        final_ratio: last learning rate as a share of the highest, in [0, 1].

    Raises:
        ConfigError: a warm-up that does not end before ``total_steps``, or a ratio out of range.

    Source: Loshchilov and Hutter, "SGDR", 2017, without restarts.
    """
    _check_steps(warmup_steps)
    if warmup_steps >= total_steps:
        raise ConfigError(
            f"scheduler.warmup_steps={warmup_steps}; expected fewer than the {total_steps} steps of the run"
        )
    if not 0 <= final_ratio <= 1:
        raise ConfigError(f"scheduler.final_ratio={final_ratio}; expected a share from 0 to 1")

    def factor(step: int) -> float:
        if step < warmup_steps:
            return warmup_factor(step, warmup_steps)
        done = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
        return final_ratio + (1 - final_ratio) * 0.5 * (1 + math.cos(math.pi * done))

    return LambdaLR(optimizer, factor)


def _check_steps(warmup_steps: int) -> None:
    if warmup_steps < 0:
        raise ConfigError(f"scheduler.warmup_steps={warmup_steps}; expected 0 or more")
