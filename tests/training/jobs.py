"""Tiny training jobs: seconds on two busy cores."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import compose_jobs

SMALL = (
    "trainer=cpu",
    "batch_size=2",
    "steps=4",
    "val_every=2",
    "data.val_samples=2",
    "encryptor.ffn=32",
    "encryptor.depth=1",
    "trainer.log_every_n_steps=1",
)
NO_FEATURES = ("loss.perceptual=null", "loss.perceptual_recovery=null", "loss.parse=null")
"""The identity, pixel and latent terms alone."""


def small_overrides(pack: Path, *overrides: str) -> list[str]:
    """Overrides of a small data-free run on the pack in a folder."""
    return [f"pack.name_or_path={pack}", *SMALL, *NO_FEATURES, *overrides]


def small_job(pack: Path, overrides: Sequence[str] = ()) -> DictConfig:
    """The composed config of such a run."""
    [cfg] = compose_jobs("train", small_overrides(pack, *overrides))
    return cfg
