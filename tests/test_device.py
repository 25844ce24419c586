"""Asking for a GPU that is not there would end in a CUDA traceback minutes later."""

import pytest
import torch

from riddle_pl.device import native_precision, resolve_device
from riddle_pl.errors import DeviceError


def gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 0)
    assert resolve_device("auto") == resolve_device("cpu") == torch.device("cpu")
    for name in ("cuda", "cuda:0"):
        with pytest.raises(DeviceError, match=f"device is '{name}', but .*use device=cpu"):
            resolve_device(name)


def test_with_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 1)
    assert resolve_device("auto") == resolve_device("cuda") == torch.device("cuda")
    gpus(monkeypatch, 2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(DeviceError, match="there are 2 GPUs; choose cuda:0 to cuda:1"):
        resolve_device("cuda:2")


@pytest.mark.parametrize(("process", "gpu"), [("0", "cuda:0"), ("1", "cuda:1"), ("2", "cuda:0")])
def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch, process: str, gpu: str) -> None:
    gpus(monkeypatch, 2)
    monkeypatch.setenv("LOCAL_RANK", process)
    assert resolve_device("auto") == resolve_device("cuda") == torch.device(gpu)


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(DeviceError, match="choose from auto, cpu, cuda"):
        resolve_device(name)


@pytest.mark.parametrize(
    ("accelerator", "able", "expected"),
    [
        ("cpu", {"amx_bf16": True}, "bf16-mixed"),
        ("cpu", {"avx512_bf16": True}, "bf16-mixed"),
        ("auto", {"avx512_f": True}, "32-true"),
        ("gpu", {}, "bf16-mixed"),
    ],
)
def test_bfloat16_only_where_it_is_computed_in(
    monkeypatch, accelerator: str, able: dict[str, bool], expected: str
) -> None:
    gpus(monkeypatch, 0)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert native_precision(accelerator) == expected
