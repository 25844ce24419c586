"""Loggers by config, with named arguments."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import CSVLogger, WandbLogger
from requests.utils import get_netrc_auth

from riddle_pl.errors import ConfigError, one_line

_KEYS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
_SERVER = "https://api.wandb.ai"


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
    entity: str | None = None,
    job_type: str | None = None,
    log_model: bool | Literal["all"] = False,
) -> WandbLogger:
    """A Weights & Biases run.

    Args:
        save_dir: folder of the run's files.
        project: wandb project.
        name: run name; wandb invents one by default.
        offline: write to disk only; ``wandb sync`` uploads later.
        group: groups the runs of one sweep.
        tags: labels.
        resume_id: id of the wandb run to continue; a run that is continued with ``ckpt_path`` knows its own.
        entity: user or team that the run belongs to; None: the key's own.
        job_type: label that groups runs by what they do, ``train`` for example.
        log_model: upload checkpoints: the best one at the end, or "all" as they are written.
    """
    return WandbLogger(
        project=project,
        name=name,
        save_dir=save_dir,
        offline=offline,
        group=group,
        tags=list(tags),
        id=resume_id,
        resume=("allow" if offline else "must") if resume_id else None,
        entity=entity,
        job_type=job_type,
        log_model=log_model,
    )


def check_wandb_key(node: Mapping[str, Any], key: str) -> None:
    """Checks for a wandb key before a run that uploads starts.

    Raises:
        ConfigError: there is none.
    """
    if node.get("_target_") != f"{__name__}.wandb_logger" or node.get("offline"):
        return
    if os.environ.get("WANDB_MODE", "online") != "online" or any(map(os.environ.get, _KEYS)):
        return
    if get_netrc_auth(os.environ.get("WANDB_BASE_URL", _SERVER)) is None:  # where `wandb login` keeps it
        raise ConfigError(
            f"{key}: wandb has no key here; run `wandb login`, set WANDB_API_KEY, or give logger=wandb_offline"
        )


def with_run_id(node: DictConfig, run: str) -> DictConfig:
    """The node of a wandb logger with the run to resume; other nodes are unchanged."""
    if not run or node.get("_target_") != f"{__name__}.wandb_logger" or node.get("resume_id"):
        return node
    return OmegaConf.merge(node, {"resume_id": run})  # type: ignore[return-value]  # a mapping stays one


@contextmanager
def closing_wandb() -> Iterator[None]:
    """Finishes the job's wandb run and restores ``WANDB_MODE``, which an offline run sets for the whole process.

    Raises:
        ConfigError: an error of wandb: invalid key, unknown run, no network.
    """
    mode = os.environ.get("WANDB_MODE")
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] == "wandb":
            raise ConfigError(f"logger.wandb: {one_line(error)}; logger=wandb_offline needs no server") from error
        raise
    finally:
        if "wandb" in sys.modules:
            import wandb

            if wandb.run is not None:
                wandb.finish()
        if mode is None:
            os.environ.pop("WANDB_MODE", None)
        else:
            os.environ["WANDB_MODE"] = mode
