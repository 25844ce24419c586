"""What a run says while it goes on: a bar on a terminal."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar
from typing_extensions import override


class StepsBar(RichProgressBar):
    """Counts the optimiser steps of the whole run, on through what Lightning calls epochs."""

    @property
    @override
    def total_train_batches(self) -> int | float:
        steps = self.trainer.max_steps
        return steps if steps > 0 else super().total_train_batches

    @override
    def _get_train_description(self, current_epoch: int) -> str:
        return "Training  "  # as wide as "Validation", so that nothing jumps

    @override
    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.train_progress_bar_id is None:
            super().on_train_epoch_start(trainer, pl_module)

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *outputs: Any) -> None:
        super().on_train_batch_end(trainer, pl_module, *outputs)
        self._update(self.train_progress_bar_id, trainer.global_step)
