"""What the recipes of the lite pack share: a Lightning module that draws its own batches and exports to a pack."""

import copy
from abc import ABC, abstractmethod
from pathlib import Path

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class _Steps(Dataset[int]):
    """The numbers of the steps; a recipe draws the data of a step from its seed and that number."""

    def __init__(self, steps: int):
        self.steps = steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.steps:
            raise IndexError(index)
        return index


class Recipe(pl.LightningModule, ABC):
    """One network of a pack: how it is trained, what its samples look like, how it is written into the pack.

    Batches depend on the seed and the number of the step, never on a loader's position, so a killed run resumes
    with the data that it would have seen.

    Args:
        seed: of data and initial weights.
        steps: length of the run in optimisation steps.
    """

    def __init__(self, seed: int, steps: int):
        super().__init__()
        self.seed = seed
        self.steps = steps
        self.register_buffer("step_count", torch.zeros((), dtype=torch.long))

    step_count: Tensor

    def train_dataloader(self) -> DataLoader[int]:
        return DataLoader(_Steps(self.steps), batch_size=None)

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return int(self.step_count) >= self.steps

    def next_step(self) -> int:
        """The number of this step; counts it, and ends the run after the last."""
        step = int(self.step_count)
        self.step_count += 1
        self.trainer.should_stop = self.finished
        return step

    @abstractmethod
    def samples(self) -> Float[Tensor, "n 3 h w"]:
        """Images in [-1, 1] that show how far the network is."""

    @abstractmethod
    def export(self, pack_folder: Path, command: str) -> None:
        """Writes the network into a pack, with its model card."""


class Averaged(nn.Module):
    """Exponential moving average of a network's parameters; buffers are copied.

    Args:
        network: the network that is being trained.
        half_life: of a weight's influence, in images.
        ramp_up: the half-life never exceeds this share of the images seen so far.
    """

    images: Tensor

    def __init__(self, network: nn.Module, half_life: float = 5_000.0, ramp_up: float = 0.05):
        super().__init__()
        self.module = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.ramp_up = ramp_up
        self.register_buffer("images", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def update(self, network: nn.Module, batch: int) -> None:
        """Moves towards ``network`` after a step on ``batch`` images."""
        self.images += batch
        half_life = max(min(self.half_life, float(self.images) * self.ramp_up), 1.0)
        keep = 0.5 ** (batch / half_life)
        for average, current in zip(self.module.parameters(), network.parameters(), strict=True):
            average.lerp_(current, 1.0 - keep)
        for average, current in zip(self.module.buffers(), network.buffers(), strict=True):
            average.copy_(current)
