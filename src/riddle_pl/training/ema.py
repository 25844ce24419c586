"""Exponential moving average of the encryptor's weights: what is validated and exported."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError, ConfigError

EMA_KEY = "encryptor_ema"
"""Entry of a Lightning checkpoint that holds the averaged weights, under the encryptor's own key names."""


class EncryptorEMA(pl.Callback):
    """Averages ``module.encryptor`` after every optimiser step, and puts the average in its place to validate.

    Args:
        decay: share of the old average kept per step, in [0, 1); 0 follows the weights exactly.
        warm_up: in early steps use min(decay, (1 + step) / (10 + step)), so that the random start is soon forgotten.

    Raises:
        ConfigError: ``decay`` out of range.
    """

    def __init__(self, decay: float = 0.999, warm_up: bool = True):
        if not 0 <= decay < 1:
            raise ConfigError(f"callbacks.ema.decay={decay}; expected a number from 0 up to, not including, 1")
        self.decay = decay
        self.warm_up = warm_up
        self.average: dict[str, Tensor] | None = None
        self._weights: dict[str, Tensor] | None = None
        self._step = 0

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        encryptor = _encryptor(pl_module)
        start = self.average or encryptor.state_dict()
        self.average = {
            name: start[name].detach().to(now.device).clone() for name, now in encryptor.state_dict().items()
        }

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step = trainer.global_step  # restored by now

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if trainer.global_step == self._step or self.average is None:  # gradients were only accumulated
            return
        self._step = trainer.global_step
        decay = min(self.decay, (1 + self._step) / (10 + self._step)) if self.warm_up else self.decay
        with torch.no_grad():
            for name, now in _encryptor(pl_module).state_dict().items():
                if now.is_floating_point():
                    self.average[name].lerp_(now, 1 - decay)
                else:
                    self.average[name].copy_(now)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.average is not None and self._weights is None:
            encryptor = _encryptor(pl_module)
            self._weights = {name: now.clone() for name, now in encryptor.state_dict().items()}
            encryptor.load_state_dict(self.average)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._weights is not None:
            _encryptor(pl_module).load_state_dict(self._weights)
            self._weights = None

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self.on_validation_end(trainer, pl_module)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        if self.average is not None:
            checkpoint[EMA_KEY] = {name: value.clone() for name, value in self.average.items()}

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: Mapping[str, Any]
    ) -> None:
        """Restores the checkpoint's average; a checkpoint without one starts a new average from its weights.

        Raises:
            CheckpointError: the average is of another encryptor.
        """
        stored = checkpoint.get(EMA_KEY)
        expected = _encryptor(pl_module).state_dict()
        if stored is not None and {k: v.shape for k, v in stored.items()} != {k: v.shape for k, v in expected.items()}:
            raise CheckpointError(f"the checkpoint's {EMA_KEY} does not fit this config's encryptor")
        self.average = None if stored is None else dict(stored)


def _encryptor(pl_module: pl.LightningModule) -> nn.Module:
    encryptor = pl_module.encryptor
    if not isinstance(encryptor, nn.Module):
        raise TypeError(f"{type(pl_module).__name__}.encryptor is a {type(encryptor).__name__}; expected a module")
    return encryptor
