"""Reading checkpoint files: only tensors and plain values, loaded strictly."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError, one_line
from riddle_pl.files import require_file

State = Mapping[str, Tensor]

_COUNTER = "num_batches_tracked"
_SHOWN = 3
_MAX_VALUES = 1_000_000
"""Values in a checkpoint, those in lists and dictionaries included; the largest public one has thousands."""
_MAX_VIEW_BYTES = 1 << 24
"""Largest expanded view of fewer stored numbers, such as one latent for all layers."""


def read_checkpoint(path: Path | str) -> dict[str, Any]:
    """The dictionary in a ``.pt``, ``.pth`` or ``.ckpt`` file, on the CPU; never runs code from the file.

    Raises:
        CheckpointError: missing, truncated, damaged, not a torch file, holding Python objects, or claiming more
            numbers than are in it.
    """
    path = require_file(path, "checkpoint", CheckpointError)
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} is not an ordinary file; save it to disk first")
    _check_unpacked_size(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises almost any type on damaged files
        if "Unsupported global" in str(error):
            raise CheckpointError(
                f"{path} holds Python objects, which are not loaded because they can run code; "
                f"save its state dict alone and give that file"
            ) from None
        raise CheckpointError(
            f"{path} is not a readable PyTorch checkpoint: truncated, damaged or of another kind "
            f"({type(error).__name__}, {path.stat().st_size} bytes); get it again"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}; expected a dictionary of tensors")
    _check_values(content, path)
    return {str(key): value for key, value in content.items()}


def _check_unpacked_size(path: Path) -> None:
    """Refuses zip bombs; torch stores its files uncompressed."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except Exception:  # older formats are no zip files; torch reports damaged ones
        return
    if unpacked > path.stat().st_size:
        raise CheckpointError(
            f"{path} has {path.stat().st_size:,} bytes and claims to hold {unpacked:,}; torch.save writes none such: "
            "get it again"
        )


def _check_values(content: Mapping[Any, Any], path: Path) -> None:
    """Checks that every tensor is plain and stored in the file, since shapes decide how networks are built."""
    todo: list[object] = [content]
    seen: set[int] = set()
    for _ in range(_MAX_VALUES):
        if not todo:
            return
        value = todo.pop()
        if isinstance(value, Tensor):
            if not _is_stored(value):
                raise CheckpointError(f"{path} holds a tensor that is more than its stored numbers; get it again")
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            todo.extend([*value.keys(), *value.values()] if isinstance(value, Mapping) else value)
    raise CheckpointError(f"{path} holds more than {_MAX_VALUES:,} values; this is no checkpoint of a network")


def _is_stored(tensor: Tensor) -> bool:
    plain = type(tensor) in (Tensor, nn.Parameter) and tensor.layout is torch.strided
    if not plain or tensor.device.type != "cpu" or tensor.is_quantized or tensor.is_nested:
        return False
    size = tensor.numel() * tensor.element_size()
    return size <= max(tensor.untyped_storage().nbytes(), _MAX_VIEW_BYTES)


def state_dict_under(content: Mapping[str, Any], names: Iterable[str], path: Path | str) -> dict[str, Tensor]:
    """The state dict under the first of ``names`` that the checkpoint has.

    Raises:
        CheckpointError: it has none of them, naming the keys that it has.
    """
    names = list(names)
    for name in names:
        if isinstance(content.get(name), Mapping):
            return tensors(content[name], f"{path} [{name}]")
    raise CheckpointError(f"{path} has no {' or '.join(names)}; its keys are {some(content)}; is it another network's?")


def tensors(state: Mapping[str, Any], source: Path | str) -> dict[str, Tensor]:
    """The state dict itself, if all its values are tensors; a ``module.`` prefix of data-parallel training is removed.

    Raises:
        CheckpointError: a value is not a tensor, or there are none.
    """
    if not state:
        raise CheckpointError(f"{source} is empty; expected weights")
    if other := [key for key, value in state.items() if not isinstance(value, Tensor)]:
        raise CheckpointError(f"{source} holds {some(other)}, which are not tensors; expected a bare state dict")
    prefixed = all(key.startswith("module.") for key in state)
    return {key.removeprefix("module.") if prefixed else key: value for key, value in state.items()}


def load_strict(module: nn.Module, state_dict: Mapping[str, Tensor], source: str) -> None:
    """Loads weights into ``module``: every key must be there, with its shape, and no other.

    The counters ``num_batches_tracked`` of batch norms may be absent, as in older public files: nothing reads them.

    Args:
        source: what the error names: a path, or a path and the key in it.

    Raises:
        CheckpointError: the first few differences, with both shapes where they differ.
    """
    own = module.state_dict()
    given = dict(state_dict)
    for key, value in own.items():
        if key.endswith(_COUNTER):
            given.setdefault(key, value)
    missing = [key for key in own if key not in given]
    unexpected = [key for key in given if key not in own]
    reshaped = [
        f"{key} ({tuple(given[key].shape)}, needs {tuple(own[key].shape)})"
        for key in own
        if key in given and given[key].shape != own[key].shape
    ]
    found = (("lacks", missing), ("has unknown", unexpected), ("has another shape of", reshaped))
    if problems := [f"{verb} {some(keys)}" for verb, keys in found if keys]:
        raise CheckpointError(f"{source} does not fit {type(module).__name__}: it {'; '.join(problems)}")
    try:
        module.load_state_dict(given, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"{source} does not load into {type(module).__name__}: {one_line(error)}") from None


def some(keys: Iterable[str]) -> str:
    """The first few keys, and how many more there are."""
    keys = list(keys)
    more = len(keys) - _SHOWN
    return ", ".join(keys[:_SHOWN]) + (f" and {more} more" if more > 0 else "") if keys else "none"
