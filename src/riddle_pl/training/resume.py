"""Checks while optimisers, schedules and loops are restored from a checkpoint."""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch.optim import Optimizer

from riddle_pl.errors import CheckpointError, ConfigError, RiddleError

_RESTORING = "checkpoint_connector.py"
"""Lightning's module that restores the state; exceptions below it are errors of the checkpoint."""
_MAX_REASON = 200
_OPTIMIZERS = "riddle_pl.training.optim."
_MOMENTS = ("exp_avg", "exp_avg_sq", "momentum_buffer", "slow_buffer")
"""Optimiser state in the shape of the parameter (Adam variants, Ranger, SGD)."""


@contextmanager
def restoring(path: Path | str | None) -> Iterator[None]:
    """Around ``trainer.fit(ckpt_path=path)``.

    Raises:
        CheckpointError: Lightning cannot restore the state. Other exceptions pass.
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
    """Checks the shapes of restored moments, which torch does not."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compares the shapes of optimiser states and parameters.

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


class ChangedSettings(pl.Callback):
    """Applies settings of the optimiser that the config has changed: Lightning restores the old ones with its state."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Updates the optimiser and its schedule.

        Raises:
            ConfigError: a setting that the optimiser fixes when it is made.
        """
        before = getattr(pl_module, "optimizer_before", {})
        now = optimizer_settings(pl_module.hparams)
        for name in [name for name in now if name in before and before[name] != now[name]]:
            for optimizer in trainer.optimizers:
                change_setting(optimizer, name, before[name], now[name])
            if name == "lr":
                for config in trainer.lr_scheduler_configs:
                    config.scheduler.base_lrs = [now[name]] * len(config.scheduler.base_lrs)


def optimizer_settings(config: object) -> Mapping[str, Any]:
    """The node ``optimizer`` of the config of a run, if it names an optimiser of this package; else nothing."""
    node = config.get("optimizer") if isinstance(config, Mapping) else None
    ours = isinstance(node, Mapping) and str(node.get("_target_")).startswith(_OPTIMIZERS)
    return node if isinstance(node, Mapping) and ours else {}


def check_same_optimizer(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Checks that the optimiser state can be restored.

    Raises:
        ConfigError: the optimisers are of different classes.
    """
    if before and now and before["_target_"] != now["_target_"]:
        names = [str(node["_target_"]).removeprefix(_OPTIMIZERS) for node in (before, now)]
        raise ConfigError(
            f"optimizer={names[1]}: the checkpoint's run has {names[0]}, and its state fits no other; continue with "
            f"optimizer={names[0]}, or begin a new run from its weights with start_ckpt="
        )


def change_setting(optimizer: Optimizer, name: str, before: Any, now: Any) -> None:
    """Changes one setting of a running optimiser; a new learning rate keeps the schedule's current factor.

    Raises:
        ConfigError: the optimiser fixes it when it is made.
    """
    for group in optimizer.param_groups:
        if name not in group:
            raise ConfigError(
                f"optimizer.{name}={now}: the checkpoint's run has {before}, and it cannot be changed when a run goes "
                f"on; give optimizer.{name}={before}, or begin a new run with start_ckpt="
            )
        if name == "lr":
            share = group["lr"] / group.get("initial_lr", before) if before else 1.0
            group |= {"initial_lr": now, "lr": now * share}
        else:
            group[name] = tuple(now) if isinstance(now, list) else now


def _fits(value: Any, parameter: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == parameter.shape
