"""The device that the user asked for, or one clear line that says why not."""

import re

import torch

from riddle_pl.errors import DeviceError


def resolve_device(name: str) -> torch.device:
    """``auto`` (a GPU where there is one), ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        DeviceError: another name, no usable GPU, or no GPU of that number.
    """
    if name == "cpu":
        return torch.device("cpu")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if match is None:
        raise DeviceError(f"device is {name!r}; choose from auto, cpu, cuda, cuda:N")
    if not torch.cuda.is_available():
        reason = "PyTorch finds no GPU" if torch.version.cuda else "this PyTorch was built without CUDA"
        raise DeviceError(f"device is {name!r}, but {reason}; use device=cpu or auto (`riddle doctor` tells more)")
    count = torch.cuda.device_count()
    if match[1] is not None and int(match[1]) >= count:
        raise DeviceError(f"device is {name!r}, but there are {count} GPUs; choose cuda:0 to cuda:{count - 1}")
    return torch.device(name)


def hardware_name(device: torch.device) -> str:
    """What computes there, in words: the GPU's name, or how many CPU threads PyTorch uses."""
    if device.type == "cuda":
        name: str = torch.cuda.get_device_name(device)
        return name
    return f"{torch.get_num_threads()} CPU threads" if device.type == "cpu" else str(device)
