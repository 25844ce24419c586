"""Saving the latest state: at every validation, at the end, and on Ctrl-C after the step in progress."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from typing_extensions import override

from riddle_pl.training.finite import require_finite_weights


class Interrupted(BaseException):
    """Training stopped on request; like KeyboardInterrupt, no handler of ordinary errors may swallow it."""

    def __init__(self, step: int, checkpoint: Path | None):
        self.step = step
        self.checkpoint = checkpoint
        super().__init__(f"interrupted after step {step}")


class LastCheckpoint(Checkpoint):
    """Keeps ``checkpoints/last.ckpt`` in the run's folder, replaced whole, never half written.

    Ctrl-C asks for a stop: the step in progress ends, the checkpoint is saved, training stops. A second Ctrl-C
    interrupts at once and leaves the checkpoint of the last validation. Weights that are not finite are never saved.

    Args:
        folder: where to save, relative to the trainer's ``default_root_dir``.
    """

    def __init__(self, folder: str = "checkpoints"):
        self.folder = folder
        self.path: Path | None = None
        """The checkpoint, once it is there."""
        self._stop = False
        self._previous: Any = None

    @override
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():  # others may not set handlers
            self._previous = signal.signal(signal.SIGINT, self._request_stop)

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if trainer.strategy.reduce_boolean_decision(self._stop, all=False):  # all processes stop at the same step
            self._save(trainer)
            raise Interrupted(self._steps_done(trainer), self.path)

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._save(trainer)

    @override
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._save(trainer)

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        if self._stop:
            raise KeyboardInterrupt
        self._stop = True
        print("stopping after this step (Ctrl-C again: at once)", file=sys.stderr)

    def _steps_done(self, trainer: pl.Trainer) -> int:
        return trainer.global_step

    def _save(self, trainer: pl.Trainer) -> None:
        if trainer.fast_dev_run:  # type: ignore[attr-defined]  # set by Lightning outside its constructor
            return
        require_finite_weights(trainer.lightning_module, trainer)
        self._write(trainer)

    def _write(self, trainer: pl.Trainer) -> None:
        path = Path(trainer.default_root_dir) / self.folder / "last.ckpt"
        temporary = path.with_name(".last.ckpt.part")
        trainer.save_checkpoint(temporary)  # every process takes part, the first one writes
        if trainer.is_global_zero:
            temporary.replace(path)
        self.path = path
