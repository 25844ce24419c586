"""From the config of ``riddle-eval`` to its parts, and what can be known to fail before anything is written."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from riddle_pl.config import check_config, instantiate
from riddle_pl.config.check import locate
from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.evaluation.detectors import Detector
from riddle_pl.evaluation.faces import FaceSource
from riddle_pl.evaluation.features import InceptionFeatures, PerceptualFeatures
from riddle_pl.evaluation.judge import Judge
from riddle_pl.evaluation.lfw import LFW
from riddle_pl.evaluation.method import Method
from riddle_pl.evaluation.recognisers import Recogniser
from riddle_pl.files import require_place_for_dir


class Parts(NamedTuple):
    """The objects of one evaluation; none has read or loaded anything yet."""

    method: Method
    faces: FaceSource
    pairs: LFW | None
    """Where the thresholds come from; None: from the faces that are evaluated."""
    recognisers: list[Recogniser]
    detectors: list[Detector]
    perceptual: list[PerceptualFeatures]
    frechet: list[InceptionFeatures]
    left_out: dict[str, str]
    """Judges that cannot run here, and why."""


def build_parts(cfg: DictConfig) -> Parts:
    """Builds every node of a checked config.

    Raises:
        ConfigError: a node does not fit its target, or is of another kind than its place wants.
    """
    source = locate(cfg.data._target_, "data")
    if not (isinstance(source, type) and issubclass(source, FaceSource)):
        raise ConfigError(
            f"data ({cfg.data._target_}) is for training; choose data=lfw, data=drawn or, for any photos, data=folder"
        )
    faces: FaceSource = instantiate(cfg.data, "data")
    judges: dict[str, Judge] = {}
    for group in ("evaluators", "detectors", "features"):
        for name, node in cfg[group].items():
            if node is not None:  # a null entry switches one off
                judges[f"{group}.{name}"] = instantiate(node, f"{group}.{name}")
    reasons = {key: reason for key, judge in judges.items() if (reason := judge.missing())}
    able = [judge for key, judge in judges.items() if key not in reasons]
    return Parts(
        method=instantiate(cfg.method, "method"),
        faces=faces,
        pairs=_pairs(cfg, faces),
        recognisers=[judge for judge in able if isinstance(judge, Recogniser)],
        detectors=[judge for judge in able if isinstance(judge, Detector)],
        perceptual=[judge for judge in able if isinstance(judge, PerceptualFeatures)],
        frechet=[judge for judge in able if isinstance(judge, InceptionFeatures)],
        left_out=reasons,
    )


def check_job(cfg: DictConfig) -> None:
    """Checks the config of one evaluation, and that everything that it cannot do without is there.

    Raises:
        RiddleError: one line about the first thing that is wrong.
    """
    check_config(cfg)
    for name in ("batch_size", "resamples"):
        if cfg[name] < 1:
            raise ConfigError(f"{name}={cfg[name]}; give at least 1")
    if not 0.0 <= cfg.far < 1.0:
        raise ConfigError(f"far={cfg.far}; give a false-accept rate from 0 to below 1, such as 0.001")
    if cfg.diversity.faces < 0 or cfg.diversity.passwords < 2:
        raise ConfigError(
            f"diversity.faces={cfg.diversity.faces}, diversity.passwords={cfg.diversity.passwords}; give at least 0 "
            "faces and 2 passwords"
        )
    resolve_device(cfg.device)
    require_place_for_dir(Path(cfg.out), "folder of out")
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


def _pairs(cfg: DictConfig, faces: FaceSource) -> LFW | None:
    given = faces if cfg.pairs is None else instantiate(cfg.pairs, "pairs")
    if isinstance(given, LFW):
        return given if given.has_pairs else None
    if cfg.pairs is not None:
        raise ConfigError(f"pairs ({cfg.pairs._target_}) has no pairs; choose pairs=lfw")
    return None


def _check_some_match(parts: Parts) -> None:
    """One photo for which the method has images is enough to begin."""
    reason = "there is no photo"
    for key in parts.faces.keys():  # noqa: SIM118  # no mapping
        lacking = parts.method.lacks(key)
        if lacking is None:
            return
        reason = f"{key}: {lacking}"
    raise DataError(f"no photo in {parts.faces.faces_path} can be evaluated ({reason}); check data.root and method")
