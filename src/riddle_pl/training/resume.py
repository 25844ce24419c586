"""Optimisers, schedules and loops that are taken up from a checkpoint: what does not fit is the file's fault."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from riddle_pl.errors import CheckpointError, RiddleError

_RESTORING = "checkpoint_connector.py"
"""Lightning's module that hands the parts of a checkpoint out; nothing of ours runs below it that a user may break."""
_MAX_REASON = 200
_MOMENTS = ("exp_avg", "exp_avg_sq", "momentum_buffer", "slow_buffer")
"""What Adam and its kin, Ranger and SGD keep of a parameter, in its shape."""


@contextmanager
def taking_up(path: Path | str | None) -> Iterator[None]:
    """Around ``trainer.fit(ckpt_path=path)``.

    Raises:
        CheckpointError: Lightning cannot take up the state of the run in the file. Errors of anything else pass as they
            are.
    """
    try:
        yield
    except RiddleError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        if path is None or not any(Path(frame.filename).name == _RESTORING for frame in frames):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
        raise CheckpointError(
            f"{path}: the state of the run cannot be taken up ({reason}); the file is damaged, or the run had another "
            "optimiser or schedule"
        ) from error


class OptimizerStateCheck(pl.Callback):
    """Torch takes up moments of any shape, and fails in the first step."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compares what the optimisers keep of each parameter with its shape.

        Raises:
            CheckpointError: they belong to other parameters.
        """
        for optimizer in trainer.optimizers:
            for parameter, kept in optimizer.state.items():
                if not all(_fits(kept[name], parameter) for name in _MOMENTS if name in kept):
                    raise CheckpointError(
                        f"{trainer.ckpt_path}: its optimiser belongs to other parameters than this run's; "
                        "the file is damaged"
                    )


def _fits(value: Any, parameter: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == parameter.shape
