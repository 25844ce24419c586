"""Checks before a recipe reads its data or writes anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from riddle_pl.config import check_config
from riddle_pl.config.check import target_nodes, to_plain
from riddle_pl.errors import CheckpointError, ConfigError, DataError
from riddle_pl.files import require_file

CHECKPOINTS = ("teacher", "start")
"""Arguments of recipes that name a checkpoint."""


def check_job(cfg: DictConfig) -> None:
    """Checks the config of one run: every key, the device, the archives and checkpoints that the recipe reads.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    if "pack" in cfg.recipe and cfg.export is None:
        raise ConfigError("this recipe needs the networks of a pack; give export=FOLDER")
    check_config(cfg)
    from riddle_pl.training.preflight import check_device

    check_device(cfg.trainer.get("accelerator", "auto"), cfg.trainer.get("devices", 1))
    for key, node in target_nodes(to_plain(cfg)):
        _check_files(key, node)


def _check_files(key: str, node: Mapping[str, Any]) -> None:
    """Checks archives first, since a wrong ``data.root`` is the most common mistake."""
    archives = node.get("archives") or [node["archive"]] if "archive" in node or "archives" in node else []
    if archives and not Path(node["root"]).is_dir():
        raise DataError(f"data.root={node['root']} is not a folder; give the folder of the face archives")
    for name in archives:
        require_file(Path(node["root"]) / f"{name}.tar", "face archive", DataError)
    for name in CHECKPOINTS:
        if node.get(name) is not None:
            require_file(node[name], f"{key}.{name}", CheckpointError)
