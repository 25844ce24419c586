"""Weights by rule: every tensor of a state dict from its name alone, so that golden outputs need no weight file.

The rule is that of the reference tensors: numbers of numpy's legacy ``RandomState`` (whose stream is frozen), seeded
with the crc32 of the key, then scaled by what kind of tensor the key names.
"""

import re
from math import prod, sqrt
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

RUN_TIME_SCALED = re.compile(r"(?:^|\.)(?:style\.\d+|modulation|conv|input)(?:\.weight|\.input)?$|\.noise_")
"""StyleGAN2's own layers scale their weights at run time: they get unit variance."""


def normal(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers that depend on the name and the shape alone."""
    return np.random.RandomState(crc32(name.encode())).standard_normal(shape).astype(np.float32)


def rule(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of one tensor."""
    x = normal(name, shape)
    if name.endswith("running_var"):
        return 1 + 0.2 * np.abs(x)
    if name.endswith("modulation.bias"):
        return 1 + 0.1 * x
    if name.endswith("running_mean"):
        return 0.1 * x
    if len(shape) <= 1 or name.endswith("bias"):
        return float(name.endswith("weight")) + 0.1 * x
    return x if RUN_TIME_SCALED.search(name) else x / sqrt(prod(shape[1:]))


def fill(module: nn.Module, style_gain: float = 1.0) -> nn.Module:
    """Fills a network by the rule and puts it in eval mode.

    Counters and resampling kernels keep their values. ``style_gain`` is a factor on the weights of a generator's
    mapping network (100 in the reference tensors: their learning-rate multiplier is 0.01).
    """
    state: dict[str, Tensor] = {}
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and not name.endswith("kernel"):
            gain = style_gain if re.fullmatch(r"style\.\d+\.weight", name) else 1.0
            state[name] = torch.from_numpy(rule(name, tuple(tensor.shape)) * np.float32(gain)).to(tensor.dtype)
        else:
            state[name] = tensor
    module.load_state_dict(state, strict=True)
    return module.eval()
