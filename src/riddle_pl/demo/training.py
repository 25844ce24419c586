"""The demo's short training run: the paper's data-free experiment, for as many steps as fit into its minutes."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from omegaconf import OmegaConf
from typing_extensions import override

from riddle_pl.packs import load_pack

EXPERIMENT = "riddle_df"


class LossReport(pl.Callback):
    """Prints the mean of every loss term over the last ``every`` steps, one line each time.

    Args:
        every: steps per line.
        quiet: collect the means, print nothing.
    """

    def __init__(self, every: int, quiet: bool = False):
        self.every = every
        self.quiet = quiet
        self.totals: list[float] = []
        """Mean total loss of each line."""
        self._sums: dict[str, float] = defaultdict(float)

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        for name, value in trainer.callback_metrics.items():
            if name.startswith("loss/"):
                self._sums[name.removeprefix("loss/")] += float(value) / self.every
        if trainer.global_step % self.every:
            return
        means, self._sums = dict(self._sums), defaultdict(float)
        total = means.pop("total")
        self.totals.append(total)
        if not self.quiet:
            terms = "  ".join(f"{name} {value:.3f}" for name, value in sorted(means.items()))
            print(f"step {trainer.global_step:4d}  loss {total:7.3f}   {terms}", flush=True)


def short_training(
    run_dir: Path, steps: int, pack: str, seed: int, quiet: bool = False, overrides: Sequence[str] = ()
) -> Path:
    """Trains a fresh encryptor on people drawn from the pack's generator, at its smallest size; prints falling losses.

    Args:
        run_dir: folder for metrics, pictures and the checkpoint.
        steps: optimiser steps.
        pack: name or folder.
        seed: of weights, people and passwords.
        quiet: print nothing; else a line every tenth of the run, and a progress bar on a terminal.
        overrides: more Hydra overrides.

    Returns:
        The run's folder.

    Raises:
        PackError: a network is missing or damaged.
    """
    from riddle_pl.config.compose import compose_jobs
    from riddle_pl.training.preflight import check_job
    from riddle_pl.training.run import train

    every = max(1, steps // 10)
    length = [f"steps={steps}", f"val_every={steps}", "batch_size=4", "data.val_samples=4"]
    length.append(f"trainer.log_every_n_steps={every}")
    job = [f"experiment={EXPERIMENT}", "trainer=cpu", f"seed={seed}", "callbacks.best=null", *length, *overrides]
    cfg = compose_jobs("train", job)[0]
    OmegaConf.update(cfg, "pack.name_or_path", pack)
    OmegaConf.update(cfg, "pack.size", min(load_pack(pack).manifest.sizes))
    report = {"_target_": f"{__name__}.LossReport", "every": every, "quiet": quiet}
    OmegaConf.update(cfg, "callbacks.report", report, force_add=True)
    parts = check_job(cfg)
    run_dir.mkdir(parents=True, exist_ok=True)
    train(cfg, run_dir, progress=not quiet and sys.stdout.isatty(), parts=parts)
    return run_dir
