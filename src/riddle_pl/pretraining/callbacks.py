"""Checkpoints and sample sheets while a recipe runs."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from torchvision.utils import save_image
from typing_extensions import override

from riddle_pl.files import atomic_write
from riddle_pl.pretraining.recipe import Recipe
from riddle_pl.pretraining.sheet import COLUMNS
from riddle_pl.training import checkpointing

MINUTES = 15.0
"""Longest time between two checkpoints."""


class SampleSheets(pl.Callback):
    """Writes ``samples_<step>.png`` every so many steps, and once at the end.

    Args:
        folder: where the sheets go.
        every: steps between two sheets.
    """

    def __init__(self, folder: Path, every: int):
        self.folder = folder
        self.every = every

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object) -> None:
        if isinstance(pl_module, Recipe) and int(pl_module.step_count) % self.every == 0:
            self._write(pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if isinstance(pl_module, Recipe) and int(pl_module.step_count) % self.every:
            self._write(pl_module)

    def _write(self, recipe: Recipe) -> None:
        training = recipe.training
        recipe.eval()
        images = recipe.samples().float().clamp(-1, 1)
        recipe.train(training)
        path = self.folder / f"samples_{int(recipe.step_count):06d}.png"
        with atomic_write(path) as temporary:
            save_image(images, temporary, nrow=COLUMNS, normalize=True, value_range=(-1, 1), format="png")


class LastCheckpoint(checkpointing.LastCheckpoint):
    """Writes ``last.ckpt`` by the recipe's own count of steps; Lightning counts steps of every optimiser.

    Args:
        path: the checkpoint; replaced whole.
        every: steps between two checkpoints.
    """

    def __init__(self, path: Path, every: int):
        super().__init__(minutes=MINUTES)
        self.target = path
        self.every = every

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if isinstance(pl_module, Recipe) and int(pl_module.step_count) % self.every == 0:
            self._save(trainer)
        super().on_train_batch_end(trainer, pl_module)

    @override
    def _steps_done(self, trainer: pl.Trainer) -> int:
        recipe = trainer.lightning_module
        return int(recipe.step_count) if isinstance(recipe, Recipe) else super()._steps_done(trainer)

    @override
    def _write(self, trainer: pl.Trainer) -> None:
        with atomic_write(self.target) as temporary:
            trainer.save_checkpoint(temporary)
        self.path = self.target
