"""Base of the data modules: a training stream by step, and a fixed validation set."""

from abc import abstractmethod
from typing import Any

import pytorch_lightning as pl
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from riddle_pl.data.steps import Batch, StepLoader, fixed_loader
from riddle_pl.errors import DataError


class LatentDataModule(pl.LightningDataModule):
    """Serves batches ``{"w": (b, n, 512), ...}``; see :data:`riddle_pl.data.steps.Batch`.

    Args:
        batch_size: faces per step and device.
        seed: of the training stream; the validation set does not depend on it.
        num_workers: processes that prepare batches.
    """

    def __init__(self, batch_size: int, seed: int, num_workers: int):
        super().__init__()
        if batch_size < 1:
            raise DataError(f"batch_size={batch_size} is too small; give at least 1")
        self.batch_size = batch_size
        self.seed = seed
        self.num_workers = num_workers

    @property
    def equal_layers(self) -> bool:
        """Whether all layers of every code are equal, in training and validation."""
        return False

    @abstractmethod
    def train_batches(self, rank: int, world_size: int) -> tuple[Dataset[Batch], int]:
        """A map from the number of a step to this rank's batch, and the number of steps per epoch."""

    @abstractmethod
    def val_batches(self) -> Dataset[Batch]:
        """The fixed validation batches, by index; each with ``face``, the numbers of its faces in the set."""

    @abstractmethod
    def codes(self, count: int) -> Float[Tensor, "b n d"]:
        """Codes of at most ``count`` training faces, the same in every run, after ``setup``."""

    def train_dataloader(self) -> StepLoader:
        """The training stream; resumes at the trainer's step."""
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        dataset, steps = self.train_batches(rank, world_size)
        together = trainer.accumulate_grad_batches if trainer else 1
        steps = -(-steps // together) * together  # Lightning steps at the end of an epoch in any case
        return StepLoader(dataset, steps, self._steps_done if trainer else None, self.num_workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The same faces in the same order in every validation.

        Every process validates all of them, so that results do not depend on the number of processes.
        """
        batches = self.val_batches()
        return fixed_loader(batches, len(batches))  # type: ignore[arg-type]  # a map has a length

    def _steps_done(self) -> int:
        """Training batches that the trainer has finished, over all epochs, across resumption."""
        trainer: Any = self.trainer  # Lightning sets or declares these two more loosely than it uses them
        if trainer is None or trainer.overfit_batches:
            return 0
        return int(trainer.fit_loop.epoch_loop.batch_progress.total.processed)
