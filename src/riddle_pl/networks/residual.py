"""Residual convolution blocks with an equalised learning rate, shared by discriminator, features and encoders."""

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.stylegan2 import LEAKY_GAIN, LEAKY_SLOPE


class EqualizedConv2d(nn.Module):
    """Convolution with weights scaled at run time, optionally with a bias and the leaky ReLU.

    The gain after the leaky ReLU commutes with it, so it is applied to the weights and the bias.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, activate: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if activate else None
        self.gain = LEAKY_GAIN if activate else 1.0
        self.scale = self.gain / math.sqrt(in_channels * kernel_size**2)
        self.padding = kernel_size // 2

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h w"]:
        bias = None if self.bias is None else self.bias * self.gain
        x = F.conv2d(x, self.weight * self.scale, bias, padding=self.padding)
        return x if bias is None else F.leaky_relu(x, LEAKY_SLOPE)


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut, halving the resolution by averaging."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv1 = EqualizedConv2d(in_channels, in_channels, 3)
        self.conv2 = EqualizedConv2d(in_channels, out_channels, 3)
        self.skip = EqualizedConv2d(in_channels, out_channels, 1, activate=False)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        out: Tensor = F.avg_pool2d(self.conv2(self.conv1(x)), 2)
        shortcut: Tensor = self.skip(F.avg_pool2d(x, 2))
        return (out + shortcut) * math.sqrt(0.5)


class ResidualTrunk(nn.Module):
    """A convolution and residual blocks.

    Args:
        widths: channels at the image's size, and after each block.
        kernel_size: of the first convolution.
    """

    def __init__(self, widths: Sequence[int], kernel_size: int = 1):
        super().__init__()
        self.from_rgb = EqualizedConv2d(3, widths[0], kernel_size)
        self.blocks = nn.ModuleList(ResidualBlock(a, b) for a, b in itertools.pairwise(widths))

    def block_maps(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Feature maps at a half, a quarter, ... of the image's size."""
        maps = []
        x = self.from_rgb(x)
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return maps
