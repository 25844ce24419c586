"""The wheel of random-face: where the real one is on this machine, and a stand-in with random weights."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from riddle_pl.packs import load_pack

NAME = "random_face-2021.7.21.1-py3-none-any.whl"
FETCHED = load_pack("mobile").path("generator")
"""The user's own copy; looked up here because tests have a RIDDLE_HOME of their own."""

GRAPHS: Mapping[str, Mapping[str, list[int]]] = json.loads(
    Path(__file__).with_name("random_face_graph.json").read_text(encoding="utf-8")
)
"""Constants of the two graphs that hold weights, and their shapes."""

PERIOD = 4093
"""The stand-in's numbers repeat, so that it stays small; a prime, so that no two rows are equal."""


def fetched_wheel() -> Path:
    """The real wheel; skips the test where it has not been fetched."""
    if not FETCHED.is_file():
        pytest.skip(f"{NAME} has not been fetched (riddle weights fetch --pack mobile)")
    return FETCHED


def write_wheel(path: Path, changes: Mapping[str, list[int] | None] | None = None, cut: int = 0) -> Path:
    """A wheel with the layout of the real one and small random weights.

    Args:
        path: of the wheel.
        changes: other shapes of some constants; None leaves one out.
        cut: bytes that are missing at the end of each file of weights.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for graph, constants in GRAPHS.items():
            constants = {**constants, **{name: to for name, to in (changes or {}).items() if name in constants}}
            layers = [_layer(name, shape, k) for k, (name, shape) in enumerate(constants.items()) if shape is not None]
            archive.writestr(f"random_face/data/{graph}.xml", f"<net><layers>{''.join(layers)}</layers></net>")
            largest = max(int(np.prod(shape)) for shape in constants.values() if shape is not None)
            values = np.resize(_numbers(), 1 + largest + len(constants))
            values[0] = np.sqrt(2.0)
            raw = values.tobytes()
            archive.writestr(f"random_face/data/{graph}.bin", raw[: len(raw) - cut])
    return path


def constant(graph: str, name: str) -> Tensor:
    """A constant of the stand-in."""
    shape = GRAPHS[graph][name]
    place = _place(name, list(GRAPHS[graph]).index(name))
    count = int(np.prod(shape))
    return torch.from_numpy(np.resize(_numbers(), place + count)[place:].reshape(shape).copy())


def _numbers() -> np.ndarray:
    return np.random.default_rng(0).normal(0.0, 0.1, PERIOD).astype(np.float32)


def _place(name: str, number: int) -> int:
    """Where a constant begins: they overlap, as some do in the real graphs, and the gains share the first place."""
    gains = {f"Constant_{17 + 11 * k}" for k in range(8)}
    return 0 if name in gains else 1 + number


def _layer(name: str, shape: list[int], number: int) -> str:
    data = f'element_type="f32" shape="{", ".join(map(str, shape))}" offset="{4 * _place(name, number)}"'
    return f'<layer name="{name}" type="Const"><data {data} size="{4 * int(np.prod(shape))}" /></layer>'
