"""Checks of an evaluation before anything is written."""

from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import check_config, instantiate
from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.build import Parts, build_parts
from riddle_pl.evaluation.report.table import Table
from riddle_pl.evaluation.report.tables.formats import read_table


def check_job(cfg: DictConfig) -> Parts:
    """Checks the config of one evaluation, and that everything that it cannot do without is there; gives its parts.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    resolve_device(cfg.device)
    attack_tables(cfg)
    parts = build_parts(cfg)
    if not parts.recognisers:
        reasons = "; ".join(reason for key, reason in parts.left_out.items() if key.startswith("evaluators."))
        raise ConfigError(
            f"none of the evaluators can run: {reasons}"
            if reasons
            else "evaluators is empty; choose at least one, such as evaluators=dlib"
        )
    parts.method.check()
    parts.faces.check()
    if cfg.photos:
        instantiate(cfg.photos, "photos").check()
    if parts.pairs is not None and parts.pairs is not parts.faces:
        parts.pairs.pairs()
    _check_some_match(parts)
    return parts


def attack_tables(cfg: DictConfig) -> list[Table]:
    """What ``riddle-attack`` wrote into ``cfg.attacks``; nothing where none is asked for.

    Raises:
        FileError: there is no such table.
    """
    return [] if cfg.attacks is None else [read_table(Path(cfg.attacks).expanduser() / "attacks.json")]


def _check_some_match(parts: Parts) -> None:
    """One photo for which the method has images is enough to begin."""
    reason = "there is no photo"
    for key in parts.faces.keys():  # noqa: SIM118  # no mapping
        lacking = parts.method.lacks(key)
        if lacking is None:
            return
        reason = f"{key}: {lacking}"
    raise DataError(f"no photo in {parts.faces.faces_path} can be evaluated ({reason}); check data.root and method")
