"""Saving the latest state: at every validation, every so many minutes, at the end, and when the run is told to stop."""

import signal
import sys
import threading
import time
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]  # it does export it
from typing_extensions import override

from riddle_pl.errors import ConfigError, FileError
from riddle_pl.training.finite import require_finite_weights

REQUEUED = "hpc_ckpt_*.ckpt"
"""Lightning's checkpoint before SLURM requeues the job, in the run's folder."""


class Interrupted(BaseException):
    """Training was stopped on request; not an ``Exception``, like KeyboardInterrupt.

    Args:
        step: the last finished step.
        checkpoint: the saved one.
        number: the signal.
    """

    def __init__(self, step: int, checkpoint: Path | None, number: int = signal.SIGINT):
        self.step = step
        self.checkpoint = checkpoint
        self.status = 128 + number
        """Exit status of the process: 130 after Ctrl-C, 143 after SIGTERM."""
        word = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
        super().__init__(f"{word} after step {step}")


class _Request(IntEnum):
    """Action after the current step; the largest value over all processes counts."""

    NOTHING = 0
    SAVE = 1
    REQUEUE = 2
    STOP = 3


class LastCheckpoint(Checkpoint):
    """Writes ``checkpoints/last.ckpt`` in the run's folder atomically.

    On Ctrl-C or SIGTERM the current step is finished and the checkpoint saved before training stops. A second Ctrl-C
    stops at once and keeps the previous checkpoint. Weights that are not finite are never saved. Under SLURM, the
    signal of Lightning's plug-in, which saves and requeues the job, is also handled after the step.

    Args:
        folder: where to save, relative to the trainer's ``default_root_dir``.
        minutes: longest time between two checkpoints; None: at validations only.

    Raises:
        ConfigError: ``minutes`` is not above 0.
    """

    def __init__(self, folder: str = "checkpoints", minutes: float | None = None):
        if minutes is not None and not minutes > 0:
            raise ConfigError(f"callbacks.last.minutes={minutes}; expected more than 0, or null for validations only")
        self.folder = folder
        self.minutes = minutes
        self.path: Path | None = None
        """The checkpoint, once written."""
        self._requested = _Request.NOTHING
        self._number = int(signal.SIGINT)
        self._saved = 0.0
        self._requeue: Any = None
        self._previous: dict[int, Any] = {}

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._saved = time.monotonic()
        if threading.current_thread() is not threading.main_thread():  # others may not set handlers
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._request_stop)
        cluster = trainer._accelerator_connector.cluster_environment
        if isinstance(cluster, SLURMEnvironment) and cluster.auto_requeue and cluster.requeue_signal is not None:
            self._requeue = signal.getsignal(cluster.requeue_signal)
            self._previous[cluster.requeue_signal] = signal.signal(cluster.requeue_signal, self._request_requeue)

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        wish, self._number = self._agreed(trainer)
        if wish is _Request.STOP:
            self._save(trainer)
            raise Interrupted(self._steps_done(trainer), self.path, self._number)
        if wish is _Request.REQUEUE:
            self._requested = _Request.NOTHING
            require_finite_weights(trainer.lightning_module, trainer)
            self._requeue(self._number, None)
        elif wish is _Request.SAVE:
            self._save(trainer)

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._save(trainer)

    @override
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._save(trainer)
        self._restore_handlers()

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        """Restores Lightning's signal handlers."""
        for number, handler in self._previous.items():
            if handler is not None:
                signal.signal(number, handler)
        self._previous = {}

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            if self._requested is _Request.STOP:
                raise KeyboardInterrupt
            print("stopping after this step (Ctrl-C again: at once)", file=sys.stderr)
        self._requested, self._number = _Request.STOP, number

    def _request_requeue(self, number: int, frame: FrameType | None) -> None:
        self._requested, self._number = max(self._requested, _Request.REQUEUE), number

    def _agreed(self, trainer: pl.Trainer) -> tuple[_Request, int]:
        """The request and signal number that all processes agree on (the maximum)."""
        due = self.minutes is not None and time.monotonic() - self._saved >= 60 * self.minutes
        wish = max(self._requested, _Request.SAVE if due else _Request.NOTHING)
        if trainer.world_size == 1:
            return wish, self._number
        mine = torch.tensor(wish * signal.NSIG + self._number, device=trainer.strategy.root_device)
        agreed, number = divmod(int(trainer.strategy.reduce(mine, reduce_op="max")), signal.NSIG)
        return _Request(agreed), number

    def _steps_done(self, trainer: pl.Trainer) -> int:
        return trainer.global_step

    def _save(self, trainer: pl.Trainer) -> None:
        if trainer.fast_dev_run:  # type: ignore[attr-defined]  # set by Lightning outside its constructor
            return
        require_finite_weights(trainer.lightning_module, trainer)
        self._write(trainer)
        self._saved = time.monotonic()

    def _write(self, trainer: pl.Trainer) -> None:
        path = Path(trainer.default_root_dir) / self.folder / "last.ckpt"
        temporary = path.with_name(".last.ckpt.part")
        trainer.save_checkpoint(temporary)  # every process takes part, the first one writes
        if trainer.is_global_zero:
            temporary.replace(path)
            for older in Path(trainer.default_root_dir).glob(REQUEUED):
                older.unlink()
        self.path = path


def newest_checkpoint(run_dir: Path) -> Path | None:
    """The latest state that a run left in its folder, before it was stopped or requeued."""
    found = [*run_dir.glob(REQUEUED), *run_dir.glob("checkpoints/last.ckpt")]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def require_unused(run_dir: Path, ckpt_path: str | None) -> None:
    """Makes sure that a run overwrites no checkpoint of another one: its folder holds none, or it goes on from there.

    Raises:
        FileError: it would.
    """
    kept = newest_checkpoint(run_dir) or next(run_dir.glob("checkpoints/*.ckpt"), None)
    goes_on = ckpt_path is not None and Path(ckpt_path).expanduser().resolve().is_relative_to(run_dir.resolve())
    if kept is not None and not goes_on:
        raise FileError(
            f"folder {run_dir} holds a run already; give another hydra.run.dir= (of a sweep: hydra.sweep.dir=), or go "
            f"on with ckpt_path={kept}"
        )
