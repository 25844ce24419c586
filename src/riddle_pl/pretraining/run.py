"""One run of a recipe: trains it from where it stopped to its end, and exports it if a pack was named."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.loggers import CSVLogger

from riddle_pl.config import instantiate
from riddle_pl.config.portable import portable_command
from riddle_pl.device import native_precision
from riddle_pl.errors import CheckpointError
from riddle_pl.files import require_writable_dir
from riddle_pl.networks.formats.checkpoint_files import load_strict, read_checkpoint, state_dict_under
from riddle_pl.pretraining.callbacks import LastCheckpoint, SampleSheets
from riddle_pl.pretraining.recipe import Recipe
from riddle_pl.training.curves import write_curves
from riddle_pl.training.finite import FiniteCheck
from riddle_pl.training.quiet import NOISE, quiet_lightning
from riddle_pl.training.resume import OptimizerStateCheck, restoring

_LOCAL = ("out", "export", "export_overwrite", "threads", "checkpoint_every", "samples_every")
"""Keys that do not affect the result."""


def run(cfg: DictConfig, out: Path, arguments: Sequence[str] = (), progress: bool = False) -> None:
    """Trains the recipe of ``cfg`` to its end, from ``out/last.ckpt`` if it is there, and exports it.

    Args:
        cfg: composed config of ``conf/pretrain.yaml``.
        out: folder of ``last.ckpt``, logs and sample sheets; made after the data has been read. Every part of a resumed
            run has a log of its own, ``log/version_0``, ``version_1``, ...
        arguments: of the command line, for the model card.
        progress: show a progress bar.

    Raises:
        Interrupted: Ctrl-C; the state was saved.
        RiddleError: an error for the user to fix.
    """
    if cfg.threads is not None:
        torch.set_num_threads(cfg.threads)
    torch.set_flush_denormal(True)  # vanishing second moments of Adam are many times slower on a CPU otherwise
    quiet_lightning()
    pl.seed_everything(cfg.seed, verbose=False)
    recipe: Recipe = instantiate(cfg.recipe, "recipe")
    if cfg.export is not None:
        recipe.check_export(Path(cfg.export), cfg.export_overwrite)
    out = require_writable_dir(out, "out", create=True)
    last = out / "last.ckpt"
    with warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message)
        trainer: pl.Trainer = instantiate(
            cfg.trainer,
            "trainer",
            precision=cfg.trainer.get("precision") or native_precision(str(cfg.trainer.get("accelerator", "auto"))),
            max_epochs=-1,
            logger=CSVLogger(out, name="log"),  # a folder for each part of a run: a given one would be emptied
            log_every_n_steps=50,
            callbacks=[
                FiniteCheck(),
                LastCheckpoint(last, cfg.checkpoint_every),
                SampleSheets(out, cfg.samples_every),
                OptimizerStateCheck(),
            ],
            enable_model_summary=False,
            enable_progress_bar=progress,
        )
        if last.exists():
            restore(recipe, last)
        if not recipe.finished:
            earlier = last if last.exists() else None
            with restoring(earlier):
                trainer.fit(recipe, ckpt_path=earlier, weights_only=True)
    if cfg.export is not None:
        command = portable_command("riddle-pretrain", arguments, _LOCAL)
        roles = recipe.export(Path(cfg.export), command, cfg.export_overwrite)
        write_curves(logs_of(out), Path(cfg.export), roles[0])


def logs_of(out: Path) -> list[Path]:
    """The logs of a run's parts, in their order."""
    numbered = {path.parent.name.removeprefix("version_"): path for path in (out / "log").glob("version_*/metrics.csv")}
    return [numbered[number] for number in sorted(filter(str.isdigit, numbered), key=int)]


def restore(recipe: Recipe, checkpoint: Path) -> None:
    """Puts the recipe into the state that a run of it was saved in.

    Raises:
        CheckpointError: the file is damaged, or of another recipe, other networks or another number of steps.
    """
    content = read_checkpoint(checkpoint)
    state = state_dict_under(content, ["state_dict"], checkpoint)
    try:
        load_strict(recipe, state, str(checkpoint))
    except CheckpointError as error:
        raise CheckpointError(f"{error}; give another out= to start anew") from None
    recipe.on_load_checkpoint(content)
