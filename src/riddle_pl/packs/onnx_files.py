"""Networks as ONNX files: written, compared with torch in onnxruntime, and timed against it."""

import os
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from riddle_pl.errors import ConfigError, PackError, one_line
from riddle_pl.files import atomic_write
from riddle_pl.packs.onnx_parts import Part
from riddle_pl.packs.pack import Pack

TOLERANCE = 1e-4
"""Largest difference of a number, in parts of the largest number of the output (of 1 if that is smaller)."""
NEEDED = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Timing:
    """Median seconds of one call.

    Args:
        torch: of the network as the pack has it.
        onnx: of the file in onnxruntime, on the CPU.
    """

    torch: float
    onnx: float


def require_onnx() -> None:
    """Makes sure that the libraries are installed.

    Raises:
        ConfigError: one is missing.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ConfigError(f"{', '.join(missing)} is not installed; run `pip install 'riddle-pl[onnx]'`")


def write_onnx(part: Part, pack: Pack, path: Path, check: Part, overwrite: bool = False) -> float:
    """Writes a part as an ONNX file, after comparing onnxruntime with torch.

    Args:
        part: what to write.
        pack: where it comes from; its name, the role, the hash and the licence are in the file's metadata.
        path: the file; an earlier one stays until this one is found to be right.
        check: the same part with other inputs, of another number of faces.
        overwrite: put it in place of a file of that name.

    Returns:
        The largest difference, see :data:`TOLERANCE`.

    Raises:
        PackError: the network cannot be exported, or its file gives other numbers.
        FileError: the file cannot be written, or is there already.
    """
    entry = pack.entry(part.role)
    about = {"pack": pack.name, "role": part.role, "sha256": pack.expected_sha256(part.role), "license": entry.license}
    with atomic_write(path, overwrite) as temporary:
        program = _traced(part)
        for key, value in about.items():
            program.model.metadata_props[f"riddle.{key}"] = str(value)
        program.save(temporary, external_data=False)
        difference = compare(check, temporary)
        if not difference <= TOLERANCE:
            raise PackError(
                f"{part.name} gives other numbers in onnxruntime: {difference:.1e} of the largest, at most {TOLERANCE} "
                "is taken; nothing was written"
            )
    return difference


def compare(part: Part, path: Path) -> float:
    """The largest difference between a file and its network, on the part's inputs; see :data:`TOLERANCE`."""
    with torch.no_grad():
        expected = part.network(*part.inputs.values())
    found = torch.from_numpy(session(path)(part.inputs))
    return float((found - expected).abs().max() / max(1.0, float(expected.abs().max())))


def time_part(part: Part, path: Path, rounds: int, threads: int) -> Timing:
    """Torch and onnxruntime in turns on the part's inputs, after a round that warms up."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    run = session(path, threads)
    ways: tuple[Callable[[], object], ...] = (lambda: part.network(*part.inputs.values()), lambda: run(part.inputs))
    seconds: tuple[list[float], list[float]] = ([], [])
    try:
        with torch.inference_mode():
            for number in range(rounds + 1):
                for way, times in zip(ways, seconds, strict=True):
                    start = time.perf_counter()
                    way()
                    if number:
                        times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return Timing(*(statistics.median(times) for times in seconds))


def session(path: Path, threads: int = 0) -> Callable[[Mapping[str, Tensor]], Any]:
    """A file in onnxruntime, on the CPU: from inputs by name to the output as an array; 0 threads: its own choice."""
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    opened = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    return lambda inputs: opened.run(None, {name: value.numpy() for name, value in inputs.items()})[0]


def _traced(part: Part) -> Any:
    faces = torch.export.Dim("b", min=1, max=4096)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the tracer's own future
            return torch.onnx.export(
                part.network,
                tuple(part.inputs.values()),
                dynamo=True,
                verbose=False,
                input_names=list(part.inputs),
                output_names=[part.output],
                dynamic_shapes=tuple({0: faces} for _ in part.inputs),
            )
    except Exception as error:  # the tracer raises almost any type
        raise PackError(f"{part.name} cannot be exported as ONNX ({one_line(error):.200})") from error
