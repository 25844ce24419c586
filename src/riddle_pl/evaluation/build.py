"""From the config of ``riddle-eval`` to its parts, and what can be known to fail before anything is written."""

from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from riddle_pl.config import check_config, instantiate
from riddle_pl.config.names import suggestion
from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.detectors import Detector
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.evaluation.passwords import TextPasswords
from riddle_pl.evaluation.recognisers import Recogniser
from riddle_pl.files import require_writable_dir
from riddle_pl.packs import Pack


class Parts(NamedTuple):
    """The objects of one evaluation; none has read or loaded anything yet."""

    pack: Pack
    faces: LFW
    passwords: TextPasswords
    recognisers: list[Recogniser]
    detectors: list[Detector]


def build_parts(cfg: DictConfig) -> Parts:
    """Builds every node of a checked config.

    Raises:
        ConfigError: a node does not fit its target.
    """
    return Parts(
        pack=instantiate(cfg.pack, "pack"),
        faces=instantiate(cfg.data, "data"),
        passwords=instantiate(cfg.passwords, "passwords"),
        recognisers=_each(cfg, "evaluators"),
        detectors=_each(cfg, "detectors"),
    )


def check_job(cfg: DictConfig) -> None:
    """Checks the config of one evaluation, and that everything that it names is there.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    for name in ("batch_size", "resamples"):
        if cfg[name] < 1:
            raise ConfigError(f"{name}={cfg[name]}; give at least 1")
    if not 0.0 <= cfg.far < 1.0:
        raise ConfigError(f"far={cfg.far}; give a false-accept rate from 0 to below 1, such as 0.001")
    resolve_device(cfg.device)
    _check_out(Path(cfg.out))
    parts = build_parts(cfg)
    if not parts.recognisers:
        raise ConfigError("evaluators is empty; choose at least one, such as evaluators=dlib")
    if parts.pack.entry(cfg.role).tokens is None:
        encryptors = [role for role in parts.pack.roles if parts.pack.entry(role).tokens is not None]
        raise ConfigError(f"role={cfg.role} is no encryptor; {suggestion(cfg.role, encryptors)}")
    for role in ("generator", "encoder", cfg.role):
        parts.pack.verify(role)
    for recogniser in parts.recognisers:
        recogniser.check()
    for detector in parts.detectors:
        detector.check()
    parts.faces.check()


def _each(cfg: DictConfig, group: str) -> list[Any]:
    """The named nodes of a group; a null entry switches one off."""
    return [instantiate(node, f"{group}.{name}") for name, node in cfg[group].items() if node is not None]


def _check_out(out: Path) -> None:
    """The folder may not exist yet; the first of its parents that does is looked at."""
    existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    require_writable_dir(existing, "folder of out")
