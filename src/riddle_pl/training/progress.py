"""Progress of a run: a bar on a terminal, lines in its log and where there is no terminal."""

import logging
import sys
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar
from typing_extensions import override

from riddle_pl.provenance import made_by

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Between two lines."""


class StepsBar(RichProgressBar):
    """Progress bar over the optimiser steps of the whole run instead of epochs."""

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


class ProgressLines(pl.Callback):
    """Logs a line every half minute, after every validation and at the end.

    Args:
        spoken: also print the lines on standard error.
    """

    def __init__(self, spoken: bool = False):
        self.spoken = spoken
        self._said = 0.0
        self._started = 0.0
        self._first = 0

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._said = self._started = time.monotonic()
        self._first = trainer.global_step
        if trainer.is_global_zero:
            log.info("%s", made_by())
            log.info("%s: from step %d of %d on, %d process(es)", pl_module.device, *self._steps(trainer))

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if time.monotonic() - self._said >= SECONDS:
            self._say(trainer)

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._say(trainer, "val/loss/total")

    @override
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            log.info("trained %d steps in %.0f s", trainer.global_step - self._first, time.monotonic() - self._started)

    def _say(self, trainer: pl.Trainer, *more: str) -> None:
        now = time.monotonic()
        self._said = now
        if not trainer.is_global_zero:
            return
        steps = trainer.global_step
        values = {name: trainer.callback_metrics.get(name) for name in ("loss/total", *more)}
        parts = [f"step {steps:,}" + (f"/{trainer.max_steps:,}" if trainer.max_steps > 0 else "")]
        parts += [f"{name} {float(value):.4g}" for name, value in values.items() if value is not None]
        if steps > self._first:
            each = (now - self._started) / (steps - self._first)
            parts.append(f"{each:.2g} s per step")
            parts += [f"{each * (trainer.max_steps - steps) / 60:.0f} min left"] if trainer.max_steps > steps else []
        line = ", ".join(parts)
        log.info(line)
        if self.spoken:
            print(line, file=sys.stderr, flush=True)

    @staticmethod
    def _steps(trainer: pl.Trainer) -> tuple[int, int, int]:
        return trainer.global_step, trainer.max_steps, trainer.world_size


class ProfileTable(pl.Callback):
    """Prints what the trainer's profiler measured, which Lightning writes to its own log only."""

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        profiler: Any = trainer.profiler  # type: ignore[attr-defined]  # set by Lightning outside its constructor
        if trainer.is_global_zero and (table := profiler.summary()):
            log.info("profile:\n%s", table)
            print(table)
