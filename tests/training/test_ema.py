"""A failure here: the validated and exported weights would not be the average of the trained ones."""

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.training.ema import EMA_KEY, EncryptorEMA


class Module(pl.LightningModule):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.encryptor = nn.Linear(width, 1, bias=False)


class Steps:
    global_step = 0


def started(decay: float = 0.5, warm_up: bool = False) -> tuple[EncryptorEMA, Steps, Module]:
    ema, trainer, module = EncryptorEMA(decay, warm_up), Steps(), Module()
    nn.init.zeros_(module.encryptor.weight)
    ema.on_fit_start(trainer, module)  # type: ignore[arg-type]
    ema.on_train_start(trainer, module)  # type: ignore[arg-type]
    return ema, trainer, module


def step_to(value: float, ema: EncryptorEMA, trainer: Steps, module: Module) -> None:
    nn.init.constant_(module.encryptor.weight, value)
    trainer.global_step += 1
    ema.on_train_batch_end(trainer, module)  # type: ignore[arg-type]


def test_averages_once_per_optimiser_step() -> None:
    ema, trainer, module = started()
    step_to(1.0, ema, trainer, module)
    ema.on_train_batch_end(trainer, module)  # type: ignore[arg-type]  # accumulation: no new step
    assert ema.average is not None
    assert torch.equal(ema.average["weight"], torch.full((1, 2), 0.5))


def test_warm_up_forgets_the_start() -> None:
    ema, trainer, module = started(decay=0.9999, warm_up=True)
    step_to(1.0, ema, trainer, module)
    assert ema.average is not None
    assert ema.average["weight"][0, 0] == pytest.approx(1 - 2 / 11)


def test_validates_with_the_average_and_puts_the_weights_back() -> None:
    ema, trainer, module = started()
    step_to(1.0, ema, trainer, module)
    ema.on_validation_start(trainer, module)  # type: ignore[arg-type]
    assert module.encryptor.weight[0, 0] == 0.5
    ema.on_exception(trainer, module, KeyboardInterrupt())  # type: ignore[arg-type]
    assert module.encryptor.weight[0, 0] == 1.0


def test_a_checkpoint_carries_the_average() -> None:
    ema, trainer, module = started()
    step_to(1.0, ema, trainer, module)
    checkpoint: dict[str, object] = {}
    ema.on_save_checkpoint(trainer, module, checkpoint)  # type: ignore[arg-type]
    twin = EncryptorEMA(0.5)
    twin.on_load_checkpoint(trainer, module, checkpoint)  # type: ignore[arg-type]
    twin.on_fit_start(trainer, module)  # type: ignore[arg-type]
    assert twin.average is not None
    assert torch.equal(twin.average["weight"], checkpoint[EMA_KEY]["weight"])  # type: ignore[index]
    with pytest.raises(CheckpointError, match="does not fit"):
        twin.on_load_checkpoint(trainer, Module(width=3), checkpoint)  # type: ignore[arg-type]


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_impossible_decay(decay: float) -> None:
    with pytest.raises(ConfigError, match="decay"):
        EncryptorEMA(decay)
