"""Tiny training jobs: about a second each on an idle core."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from riddle_pl.config import compose_jobs
from riddle_pl.training.run import train

SMALL = (
    "trainer=cpu",
    "batch_size=2",
    "steps=4",
    "val_every=2",
    "data.val_samples=2",
    "trainer.log_every_n_steps=1",
    "callbacks.best=null",
)
NO_FEATURES = ("loss.perceptual=null", "loss.perceptual_recovery=null", "loss.parse=null")
"""The identity, pixel and latent terms alone."""


def fit(*args: Any, **options: Any) -> Path | None:
    """Trains, and gives the last checkpoint."""
    return train(*args, **options).checkpoint


class TinyEncryptor(nn.Module):
    """12 thousand parameters, dropout included."""

    def __init__(self, num_layers: int, hidden: int = 8, dropout: float = 0.1):
        super().__init__()
        self.down = nn.Linear(1024, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, 512)

    def forward(self, w: Tensor, w_pwd: Tensor) -> Tensor:
        hidden = torch.tanh(self.down(torch.cat([w, w_pwd], dim=-1)))
        out: Tensor = w + self.output(self.dropout(hidden))
        return out


def small_overrides(pack: Path, *overrides: str, loss: Sequence[str] = NO_FEATURES) -> list[str]:
    """Overrides of a small data-free run on the pack in a folder; ``loss`` are those of the terms."""
    return [f"pack.name_or_path={pack}", *SMALL, *loss, *overrides]


def small_job(
    pack: Path, overrides: Sequence[str] = (), tiny_encryptor: bool = True, loss: Sequence[str] = NO_FEATURES
) -> DictConfig:
    """The composed config of such a run, with :class:`TinyEncryptor` in place of the configured one."""
    [cfg] = compose_jobs("train", small_overrides(pack, *overrides, loss=loss))
    if tiny_encryptor:
        cfg.encryptor = {"_target_": "tests.training.jobs.TinyEncryptor"}
    return cfg


class SaveEveryStep(pl.Callback):
    """Saves at the end of every step, as Ctrl-C does."""

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        trainer.save_checkpoint(Path(trainer.default_root_dir) / f"step_{trainer.global_step}.ckpt")
