"""Ranges of the settings that are plain numbers or words.

Importing this takes no PyTorch: a command line is held to the ranges before anything that takes long is imported. The
classes that take the values hold themselves to the same ranges, for those who call them from Python.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from riddle_pl.errors import ConfigError, did_you_mean, shown


class Range(NamedTuple):
    """What a value may be, and that in words."""

    holds: Callable[[float], bool]
    expected: str


def _whole(least: int) -> Range:
    return Range(lambda value: isinstance(value, int) and value >= least, f"a whole number of at least {least}")


MAX_NAME = 200
"""Characters of the name of a run."""
_SEED = Range(lambda value: isinstance(value, int) and 0 <= value < 2**32, f"a whole number from 0 to {2**32 - 1}")
_SHARE = Range(lambda value: 0 <= value <= 1, "0 to 1")
_COSINE = Range(lambda value: -1 <= value <= 1, "a cosine from -1 to 1")
_WEIGHT = Range(lambda value: value >= 0, "0, which switches it off, or more")

RANGES: Mapping[str, Range] = {
    "seed": _SEED,
    "steps": _whole(1),
    "batch_size": _whole(1),
    "val_every": _whole(1),
    "resamples": _whole(1),
    "checkpoint_every": _whole(1),
    "samples_every": _whole(1),
    "threads": _whole(1),
    "public": _whole(10),
    "data.num_workers": _whole(0),
    "data.held_out": Range(lambda value: 0 <= value < 1, "a share of the images from 0 to below 1"),
    "trainer.accumulate_grad_batches": _whole(1),
    "recipe.steps": _whole(1),
    "recipe.batch": _whole(1),
    "diversity.faces": _whole(0),
    "diversity.passwords": _whole(2),
    "far": Range(lambda value: 0 <= value < 1, "a false-accept rate from 0 to below 1, such as 0.001"),
    "face_detector.min_face": _whole(20),
    "face_detector.min_score": _SHARE,
    "gate.min_face": Range(lambda value: value >= 0, "0 or more pixels"),
    "gate.min_eye_distance": Range(lambda value: value >= 0, "0 or more"),
    "gate.min_inversion": _COSINE,
    "gate.max_similarity": _COSINE,
    "mask.size": _whole(8),
    "nonce.candidates": Range(_whole(2).holds, f"{_whole(2).expected}, or nonce=any"),
    "nonce.rounds": _whole(1),
    "invert.steps": _whole(1),
    "invert.size": _whole(8),
    "invert.learning_rate": Range(lambda value: value > 0, "a number above 0"),
    **{f"invert.{name}": _WEIGHT for name in ("pixel", "features", "identity", "start", "spread", "prior")},
}
"""By the key of the setting in the configs of ``riddle-train`` and its like, and in ``conf/pseudonymise.yaml``."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "matmul_precision": ("highest", "high", "medium"),  # of torch.set_float32_matmul_precision
    "trainer.accelerator": ("auto", "cpu", "gpu", "cuda", "mps"),  # those of Lightning that this package runs on
}
"""Settings that are one of a few words."""


def check_range(key: str, value: object, name: str | None = None) -> None:
    """Holds a value to the range of its key, which the line calls ``name`` if it is of another setting.

    Raises:
        ConfigError: it is no number, or out of range.
    """
    allowed = RANGES[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not allowed.holds(value):
        raise ConfigError(f"{name or key}={value}; expected {allowed.expected}")


def check_ranges(cfg: DictConfig) -> None:
    """Holds all values of a composed config to their ranges; null stands for what a class chooses itself.

    Raises:
        ConfigError: see :func:`check_range`; or a word that is none of :data:`WORDS`, or a name that is too long.
    """
    for key in RANGES:
        if (value := _value(cfg, key)) is not None:
            check_range(key, value)
    for key, words in WORDS.items():
        if (value := _value(cfg, key)) is not None and value not in words:
            hint = did_you_mean(str(value), words)
            raise ConfigError(f"{key}={value} is unknown; {hint}choose from {', '.join(words)}")
    name = _value(cfg, "name")
    if isinstance(name, str) and not (name.isprintable() and len(name) <= MAX_NAME):
        raise ConfigError(f"name={shown(name)}; expected at most {MAX_NAME} printable characters")


def _value(cfg: DictConfig, key: str) -> object:
    try:
        return OmegaConf.select(cfg, key)
    except OmegaConfBaseException:  # an interpolation; check_config says what is wrong with it
        return None
