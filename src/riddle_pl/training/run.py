"""One training run, from its config to its last checkpoint."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from omegaconf import DictConfig
from pytorch_lightning.utilities.exceptions import MisconfigurationException  # type: ignore[attr-defined]

from riddle_pl.errors import ConfigError, one_line, suggestion
from riddle_pl.figures.training_log import find_training_log
from riddle_pl.training.build import Parts, build_module, build_parts, build_trainer
from riddle_pl.training.checkpoint_file import check_callback_paths, load_checkpoint
from riddle_pl.training.checkpointing import LastCheckpoint, newest_checkpoint
from riddle_pl.training.cluster import stopping_together
from riddle_pl.training.curves import write_curves
from riddle_pl.training.export import export_encryptor
from riddle_pl.training.loggers import closing_wandb
from riddle_pl.training.module import RiddleModule
from riddle_pl.training.origin import check_origin, read_origin
from riddle_pl.training.quiet import NOISE, quiet_lightning
from riddle_pl.training.resume import restoring

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finished:
    """The result of a run.

    Args:
        checkpoint: the last one; the given one if the run was already finished; None if none is written.
        metrics: the last logged values.
    """

    checkpoint: Path | None
    metrics: Mapping[str, float]


def train(
    cfg: DictConfig,
    run_dir: Path,
    progress: bool = False,
    overrides: Sequence[str] | None = None,
    lines: bool = False,
    restarted: bool = False,
    parts: Parts | None = None,
) -> Finished:
    """Trains, and exports the encryptor if the config says so.

    Args:
        cfg: composed config of ``conf/train.yaml``.
        run_dir: folder for checkpoints, metrics and pictures.
        progress: show a progress bar.
        overrides: of the command, stored in checkpoints for continuations.
        lines: print progress lines.
        restarted: resume from the newest checkpoint in ``run_dir``.
        parts: that :func:`riddle_pl.training.preflight.check_job` has built.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the exception names the checkpoint that was saved.
        RiddleError: an error for the user to fix.
    """
    quiet_lightning()
    torch.set_float32_matmul_precision(cfg.matmul_precision)
    pack, loss, data = parts or build_parts(cfg)
    module = build_module(cfg, pack, overrides, loss)
    checkpoint = (newest_checkpoint(run_dir) if restarted else None) or cfg.ckpt_path
    done, wandb_run = (0, "") if checkpoint is None else read_checkpoint(Path(checkpoint), module)
    with closing_wandb(), warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message)
        trainer = build_trainer(cfg, run_dir, progress, lines, wandb_run)
        try:
            with restoring(checkpoint), stopping_together(trainer):
                trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
        except SystemExit:
            if trainer.interrupted:  # Lightning turns Ctrl-C into exit(1)
                raise KeyboardInterrupt from None
            raise
        except MisconfigurationException as error:
            raise ConfigError(f"trainer: {one_line(error)}") from error
    last = next((c.path for c in trainer.callbacks if isinstance(c, LastCheckpoint)), None)  # type: ignore[attr-defined]
    if checkpoint is not None and done >= cfg.steps and not trainer.fast_dev_run:  # type: ignore[attr-defined]
        last = Path(checkpoint)
        log.warning("%s has all of steps=%d already: nothing was trained; give more steps=", last, cfg.steps)
    elif cfg.optimized_metric is not None and cfg.optimized_metric not in trainer.callback_metrics:
        known = suggestion(cfg.optimized_metric, trainer.callback_metrics)
        raise ConfigError(f"optimized_metric={cfg.optimized_metric} was not logged; {known}")
    if cfg.export is not None:
        if last is None:
            raise ConfigError(f"export={cfg.export}: no step was trained and saved, so that nothing is exported")
        if trainer.is_global_zero:
            export_encryptor(last, cfg.export, cfg.export_role, overwrite=cfg.export_overwrite)
            metrics = find_training_log(last)
            write_curves([] if metrics is None else [metrics], Path(cfg.export), cfg.export_role)
    return Finished(last, {name: float(value) for name, value in trainer.callback_metrics.items()})


def read_checkpoint(path: Path, module: RiddleModule) -> tuple[int, str]:
    """Validates a checkpoint before training starts; returns its step and the id of its wandb run.

    Raises:
        CheckpointError: unreadable, not of ``riddle-train``, of other networks, or of another encryptor.
    """
    checkpoint = load_checkpoint(path)
    check_callback_paths(checkpoint)
    check_origin(checkpoint, module.pack, module.sha256, module.tokens.name)
    module.load_state_dict(checkpoint["state_dict"])
    return int(checkpoint["global_step"]), read_origin(checkpoint).wandb
