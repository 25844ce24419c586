"""EfficientNet-Lite0 as its public file has it, with random weights, and what it computes, written out plainly."""

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCKS = (
    "32 16 3 1 1",
    *("16 24 3 2 6", "24 24 3 1 6"),
    *("24 40 5 2 6", "40 40 5 1 6"),
    *("40 80 3 2 6", "80 80 3 1 6", "80 80 3 1 6"),
    *("80 112 5 1 6", "112 112 5 1 6", "112 112 5 1 6"),
    *("112 192 5 2 6", "192 192 5 1 6", "192 192 5 1 6", "192 192 5 1 6"),
    "192 320 3 1 6",
)
"""Channels in and out, kernel, stride and expansion."""


def public_state(seed: int = 0) -> dict[str, Tensor]:
    """The keys of ``efficientnet-lite0-57934424.pth``."""
    rng = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def conv(name: str, norm: str, out: int, fan_in: int, kernel: int) -> None:
        deviation = (fan_in * kernel**2) ** -0.5
        state[f"{name}.weight"] = deviation * torch.randn(out, fan_in, kernel, kernel, generator=rng)
        for key, low in (("weight", 0.5), ("bias", -0.5), ("running_mean", -0.5), ("running_var", 0.5)):
            state[f"{norm}.{key}"] = low + torch.rand(out, generator=rng)
        state[f"{norm}.num_batches_tracked"] = torch.tensor(1)

    conv("_conv_stem", "_bn0", 32, 3, 3)
    for index, block in enumerate(BLOCKS):
        width, out, kernel, _, expansion = map(int, block.split())
        name = f"_blocks.{index}."
        if expansion > 1:
            conv(f"{name}_expand_conv", f"{name}_bn0", width * expansion, width, 1)
        conv(f"{name}_depthwise_conv", f"{name}_bn1", width * expansion, 1, kernel)
        conv(f"{name}_project_conv", f"{name}_bn2", out, width * expansion, 1)
    conv("_conv_head", "_bn1", 1280, 320, 1)
    state |= {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}
    return state


def public_maps(state: dict[str, Tensor], x: Tensor) -> list[Tensor]:
    """The outputs of all blocks."""

    def conv(x: Tensor, name: str, norm: str, stride: int = 1, groups: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        total = weight.shape[-1] - stride  # for sides that the stride divides
        if total > 0:
            x = F.pad(x, [total // 2, total - total // 2] * 2)
        x = F.conv2d(x, weight, stride=stride, groups=groups)
        gain, bias, mean, variance = (state[f"{norm}.{k}"] for k in ("weight", "bias", "running_mean", "running_var"))
        return F.batch_norm(x, mean, variance, gain, bias, eps=1e-3)

    x = conv(x, "_conv_stem", "_bn0", stride=2).clamp(0, 6)
    maps = []
    for index, block in enumerate(BLOCKS):
        width, out, _, stride, expansion = map(int, block.split())
        name, before = f"_blocks.{index}.", x
        if expansion > 1:
            x = conv(x, f"{name}_expand_conv", f"{name}_bn0").clamp(0, 6)
        x = conv(x, f"{name}_depthwise_conv", f"{name}_bn1", stride, groups=width * expansion).clamp(0, 6)
        x = conv(x, f"{name}_project_conv", f"{name}_bn2")
        x = x + before if stride == 1 and width == out else x
        maps.append(x)
    return maps
