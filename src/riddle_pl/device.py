"""Resolves the device that the user asked for."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from riddle_pl.errors import DeviceError
from riddle_pl.launch import local_rank

if TYPE_CHECKING:
    import torch

_CUDA = re.compile(r"cuda(?::(\d+))?")


def check_device(name: str) -> None:
    """Whether a device may have this name; whether it is there takes PyTorch, whose import takes long.

    Raises:
        DeviceError: another name.
    """
    if name not in ("auto", "cpu") and _CUDA.fullmatch(name) is None:
        raise DeviceError(f"device is {name!r}; choose from auto, cpu, cuda, cuda:N")


def resolve_device(name: str) -> "torch.device":
    """``auto`` (a GPU where there is one), ``cpu``, ``cuda`` or ``cuda:N``; of several GPUs the process's own.

    Raises:
        DeviceError: another name, no usable GPU, or no GPU of that number.
    """
    import torch

    check_device(name)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        reason = "PyTorch finds no GPU" if torch.version.cuda else "this PyTorch was built without CUDA"
        raise DeviceError(f"device is {name!r}, but {reason}; use device=cpu or auto (`riddle doctor` tells more)")
    match, count = _CUDA.fullmatch(name), torch.cuda.device_count()
    if match is not None and match[1] is not None and int(match[1]) >= count:
        these = f"there are {count} GPUs; choose cuda:0 to cuda:{count - 1}"
        raise DeviceError(f"device is {name!r}, but {these if count > 1 else 'there is 1 GPU; choose cuda:0'}")
    several = name == "cuda" and count > 1
    return torch.device(f"cuda:{local_rank() % count}" if several else name)


def hardware_name(device: "torch.device") -> str:
    """What computes there, in words: the GPU's name, or how many CPU threads PyTorch uses."""
    import torch

    if device.type == "cuda":
        name: str = torch.cuda.get_device_name(device)
        return name
    return f"{torch.get_num_threads()} CPU threads" if device.type == "cpu" else str(device)


def native_precision(accelerator: str) -> str:
    """Lightning's ``bf16-mixed`` where that accelerator computes in bfloat16, else ``32-true``."""
    import torch

    gpu = accelerator in ("gpu", "cuda") or (accelerator == "auto" and torch.cuda.is_available())
    return "bf16-mixed" if computes_bfloat16("cuda" if gpu else "cpu") else "32-true"


def computes_bfloat16(device_type: str) -> bool:
    """Whether the GPUs or the CPU of this machine have instructions for bfloat16.

    Any CPU takes it, and one that has none is ten times slower with it.

    Args:
        device_type: ``cuda`` or ``cpu``.
    """
    import torch

    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    able: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # of PyTorch 2.10 and later
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))
