"""The chance of a recipe's step: from the seed and the number of the step alone, so that a resumed run repeats it.

``riddle_pl.data.steps.step_rng`` is the same for ``riddle-train``, by another formula. The recipes keep theirs: with
another one, the seeds of the model cards would draw other batches.
"""

import torch


def recipe_seed(seed: int, step: int) -> int:
    """A seed of a step's own; the steps of different seeds do not meet within a million steps."""
    return seed * 1_000_003 + step


def recipe_rng(seed: int, step: int) -> torch.Generator:
    """A generator on the CPU for the draws of one step."""
    return torch.Generator().manual_seed(recipe_seed(seed, step))
