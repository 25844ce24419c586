"""Loggers by config, with named arguments; they delete nothing and leave no traces in the process."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pytorch_lightning.loggers import CSVLogger, WandbLogger


def csv_logger(save_dir: str, folder: str = "csv") -> CSVLogger:
    """``<save_dir>/<folder>/metrics.csv``; ``<folder>_1`` and so on where a run was resumed in the same place.

    Args:
        save_dir: folder of the run.
        folder: name of the sub-folder.
    """
    version, number = folder, 0
    while (Path(save_dir) / version).exists():
        number += 1
        version = f"{folder}_{number}"
    return CSVLogger(save_dir, name="", version=version)


def wandb_logger(
    save_dir: str,
    project: str = "riddle",
    name: str | None = None,
    offline: bool = False,
    group: str | None = None,
    tags: Sequence[str] = (),
    resume_id: str | None = None,
) -> WandbLogger:
    """A Weights & Biases run.

    Args:
        save_dir: folder of the run's files.
        project: wandb project.
        name: run name; wandb invents one by default.
        offline: write to disk only; ``wandb sync`` uploads later.
        group: groups the runs of one sweep.
        tags: labels.
        resume_id: id of the wandb run to continue.
    """
    return WandbLogger(
        project=project,
        name=name,
        save_dir=save_dir,
        offline=offline,
        group=group,
        tags=list(tags),
        id=resume_id,
        resume="must" if resume_id else None,
        log_model=False,
    )


@contextmanager
def closing_wandb() -> Iterator[None]:
    """Finishes the job's wandb run and restores ``WANDB_MODE``, which an offline run sets for the whole process."""
    mode = os.environ.get("WANDB_MODE")
    try:
        yield
    finally:
        if "wandb" in sys.modules:
            import wandb

            if wandb.run is not None:
                wandb.finish()
        if mode is None:
            os.environ.pop("WANDB_MODE", None)
        else:
            os.environ["WANDB_MODE"] = mode
