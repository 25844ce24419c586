"""A checkpoint of ``riddle-train``, read without running any code from it, and checked as untrusted input."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from riddle_pl.config.ranges import MAX_NAME
from riddle_pl.errors import CheckpointError, shown
from riddle_pl.networks.formats.checkpoint_files import read_checkpoint, tensors
from riddle_pl.training.ema import EMA_KEY
from riddle_pl.training.origin import CHECKPOINT_KEY, read_origin

MAX_STEPS = 10**12
MAX_SEED = 2**64
_MAX_DEPTH = 16
_MAX_VALUES = 10_000
"""Limit on values in the config of a run, which has a few hundred."""


def load_checkpoint(path: Path | str) -> dict[str, Any]:
    """A training checkpoint: its ``hyper_parameters`` are plain values, its weights tensors by name.

    Raises:
        CheckpointError: missing, damaged, not written by ``riddle-train``, or with values that it does not write.
    """
    checkpoint = read_checkpoint(path)
    if CHECKPOINT_KEY not in checkpoint or "state_dict" not in checkpoint:
        raise CheckpointError(f"{path} was not written by riddle-train; give a run's checkpoints/last.ckpt")
    try:
        read_origin(checkpoint)
        for key in ("state_dict", EMA_KEY):
            if key in checkpoint:
                _check_weights(checkpoint[key], key)
        _expect_number(checkpoint.get("global_step"), "global_step", MAX_STEPS)
        checkpoint["hyper_parameters"] = _config(checkpoint.get("hyper_parameters"))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return checkpoint


def check_callback_paths(checkpoint: Mapping[str, Any]) -> None:
    """Checks the file lists of ``ModelCheckpoint``, which restores them and deletes these files for better ones.

    Raises:
        CheckpointError: a path is outside of the callback's folder.
    """
    states = checkpoint.get("callbacks")
    for state in states.values() if isinstance(states, Mapping) else ():
        if not isinstance(state, Mapping):
            continue
        best = state.get("best_k_models")
        files = [state.get(key) for key in ("best_model_path", "kth_best_model_path", "last_model_path")]
        for file in [*files, *(best if isinstance(best, Mapping) else ())]:
            if file and _leads_out(file, state.get("dirpath")):
                raise CheckpointError(
                    f"the checkpoint names {shown(file)} as a file to replace, which is outside the run's folder; "
                    "it was not written by riddle-train"
                )


def _leads_out(file: object, folder: object) -> bool:
    """Lightning checks that local files are in its folder, but not for ``..``, and does not check remote ones."""
    if not isinstance(file, str) or ".." in PurePath(file.replace(os.sep, "/")).parts:
        return True
    remote = "://" in file or "::" in file
    return remote and not (isinstance(folder, str) and file.startswith(folder.rstrip("/") + "/"))


def _check_weights(state: object, key: str) -> None:
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise CheckpointError(f"{key} is {shown(state)}; expected tensors by name")
    tensors(state, key)


def _config(value: object) -> dict[str, Any]:
    """The config of the run, as plain values; its name and seed, if it has them, are a text and a number."""
    if value is None:
        return {}
    plain = _plain(value, _MAX_DEPTH, [_MAX_VALUES])
    if not isinstance(plain, dict):
        raise CheckpointError(f"hyper_parameters are {shown(value)}; expected a config")
    name, seed = plain.get("name"), plain.get("seed")
    if name is not None and not (isinstance(name, str) and name.isprintable() and len(name) <= MAX_NAME):
        raise CheckpointError(f"hyper_parameters.name is {shown(name)}; expected the name of a run")
    if seed is not None:
        _expect_number(seed, "hyper_parameters.seed", MAX_SEED)
    return plain


def _plain(value: object, depth: int, left: list[int]) -> Any:
    """A copy of texts, numbers, lists and mappings.

    ``left`` counts down the values, against lists that contain each other.
    """
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise CheckpointError(
            "hyper_parameters hold more values than the config of a run; it was not written by riddle-train"
        )
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1, left) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, depth - 1, left) for key, item in value.items()}
    raise CheckpointError(
        f"hyper_parameters hold a {type(value).__name__}; expected texts, numbers, lists and mappings"
    )


def _expect_number(value: object, key: str, largest: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= largest:
        raise CheckpointError(f"{key} is {shown(value)}; expected a whole number from 0 to {largest}")
