"""The chance of a recipe's step: from the seed and the number of the step alone, so that a resumed run repeats it."""

import torch


def step_seed(seed: int, step: int) -> int:
    """A seed of a step's own; the steps of different seeds do not meet within a million steps."""
    return seed * 1_000_003 + step


def step_rng(seed: int, step: int) -> torch.Generator:
    """A generator on the CPU for the draws of one step."""
    return torch.Generator().manual_seed(step_seed(seed, step))
