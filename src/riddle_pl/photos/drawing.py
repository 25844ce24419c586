"""What runs the generator where no gradient is needed: candidates, new faces, recovered ones."""

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.networks.generator import FaceGenerator

Draw = Callable[[Float[Tensor, "b n d"]], Float[Tensor, "b 3 h h"]]


class Drawing(Protocol):
    """Turns a generator into what draws its images."""

    def __call__(self, generator: FaceGenerator) -> Draw:
        """G as a function of codes on the generator's device; the images lie there, too."""
        ...


class TorchDrawing:
    """By PyTorch, as the generator is."""

    def __call__(self, generator: FaceGenerator) -> Draw:
        return generator


class OpenVINODrawing:
    """By OpenVINO on the CPU, in float32 and with as many threads as PyTorch has.

    The loaded network is traced at once, which takes 5 to 20 seconds for each size, and compiled for each number of
    codes when that first comes, which takes less than one.

    Args:
        device: where the generator is.

    Raises:
        ConfigError: OpenVINO is not installed, or the device is no CPU.
    """

    def __init__(self, device: torch.device | str = "cpu"):
        if find_spec("openvino") is None:
            raise ConfigError("draw=openvino needs OpenVINO: pip install 'riddle-pl[openvino]'; or give draw=torch")
        if torch.device(device).type != "cpu":
            raise ConfigError(f"draw=openvino draws on the CPU, and the device is {device}; give draw=torch")

    def __call__(self, generator: FaceGenerator) -> Draw:
        openvino: Any = import_module("openvino")  # slow to import, and an extra
        w = generator.broadcast(generator.random_w(2, seed=0))
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of checks of shapes, which hold for all codes, and of torch.jit.trace
            model = openvino.convert_model(generator, example_input=w)
        limits = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
        by_count: dict[int, Any] = {}  # compiled for any number of codes, it takes twice as long

        def draw(w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h h"]:
            codes = generator.accept(w).numpy()
            if len(codes) not in by_count:
                fixed = model.clone()
                fixed.reshape(list(codes.shape))
                by_count[len(codes)] = openvino.compile_model(fixed, "CPU", limits)
            return torch.from_numpy(by_count[len(codes)](codes)[0].copy())

        return draw
