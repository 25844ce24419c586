"""Residual StyleGAN2 discriminator (Karras et al., CVPR 2020), for the pack's generator recipe only."""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.stylegan2 import LEAKY_GAIN, LEAKY_SLOPE, EqualizedLinear


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
        out = F.avg_pool2d(self.conv2(self.conv1(x)), 2)
        shortcut = self.skip(F.avg_pool2d(x, 2))
        return (out + shortcut) * math.sqrt(0.5)


class Discriminator(nn.Module):
    """Real or generated: residual blocks down to 4x4, minibatch standard deviation, two linear layers.

    Args:
        size: image side in pixels.
        channels: feature maps per resolution, from ``size`` down to 4.
        group: images that share one minibatch standard deviation.
    """

    def __init__(self, size: int, channels: Mapping[int, int], group: int = 4):
        super().__init__()
        sides = [2**k for k in range(int(math.log2(size)), 1, -1)]
        widths = {int(side): width for side, width in channels.items()}
        self.from_rgb = EqualizedConv2d(3, widths[size], 1)
        self.blocks = nn.Sequential(
            *(ResidualBlock(widths[a], widths[b]) for a, b in zip(sides[:-1], sides[1:], strict=True))
        )
        self.group = group
        self.final_conv = EqualizedConv2d(widths[4] + 1, widths[4], 3)
        self.final_linear = EqualizedLinear(widths[4] * 16, widths[4], activate=True)
        self.score = EqualizedLinear(widths[4], 1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1"]:
        x = self.blocks(self.from_rgb(x))
        x = self.final_conv(torch.cat([x, self._batch_deviation(x)], dim=1))
        score: Tensor = self.score(self.final_linear(x.flatten(1)))
        return score

    def _batch_deviation(self, x: Float[Tensor, "b c 4 4"]) -> Float[Tensor, "b 1 4 4"]:
        """One number per group of images: the mean standard deviation of its features."""
        batch, _, height, width = x.shape
        group = math.gcd(batch, self.group)
        grouped = x.float().reshape(group, batch // group, *x.shape[1:])
        deviation = (grouped.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
        return deviation.repeat(group)[:, None, None, None].expand(batch, 1, height, width).to(x.dtype)
