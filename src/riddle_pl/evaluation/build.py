"""From the config of ``riddle-eval`` to its parts."""

from typing import NamedTuple

from omegaconf import DictConfig

from riddle_pl.config import instantiate, instantiate_group
from riddle_pl.config.check import locate
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.method import Method
from riddle_pl.judging.detectors import Detector
from riddle_pl.judging.features import InceptionFeatures, PerceptualFeatures
from riddle_pl.judging.judge import Judge
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.people import FaceSource
from riddle_pl.judging.recognisers import Recogniser


class Parts(NamedTuple):
    """The objects of one evaluation; nothing has been loaded yet."""

    method: Method
    faces: FaceSource
    pairs: LFW | None
    """Pairs for the thresholds; None: pairs among the evaluated faces."""
    recognisers: list[Recogniser]
    detectors: list[Detector]
    perceptual: list[PerceptualFeatures]
    frechet: list[InceptionFeatures]
    left_out: dict[str, str]
    """Judges that cannot run here, and why."""


def build_parts(cfg: DictConfig) -> Parts:
    """Builds every node of a checked config.

    Raises:
        ConfigError: a node does not fit its target, or has the wrong type.
    """
    source = locate(cfg.data._target_, "data")
    if not (isinstance(source, type) and issubclass(source, FaceSource)):
        raise ConfigError(
            f"data ({cfg.data._target_}) is for training; choose data=lfw, data=drawn or, for any photos, data=folder"
        )
    faces: FaceSource = instantiate(cfg.data, "data")
    judges: dict[str, Judge] = {}
    for group in ("evaluators", "detectors", "features"):
        judges |= {f"{group}.{name}": judge for name, judge in instantiate_group(cfg, group).items()}
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


def _pairs(cfg: DictConfig, faces: FaceSource) -> LFW | None:
    given = faces if cfg.pairs is None else instantiate(cfg.pairs, "pairs")
    if isinstance(given, LFW):
        return given if given.has_pairs else None
    if cfg.pairs is not None:
        raise ConfigError(f"pairs ({cfg.pairs._target_}) has no pairs; choose pairs=lfw")
    return None
