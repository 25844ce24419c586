"""The U-Net of the small re-implementations: image and conditions to an image."""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

SLOPE = 0.2
"""Of the leaky ReLUs."""
WIDTHS = (24, 40, 64, 80)
"""Channels at 64, 32, 16 and 8 px: half a million weights."""


class ConditionalUNet(nn.Module):
    """Convolutions with instance norm and skip connections; a vector scales and shifts the maps on the way up.

    Args:
        inputs: channels of the image and the maps that go with it.
        condition: width of the vector; 0 for none.
        widths: channels at full resolution, 1/2, 1/4, ...

    Raises:
        ValueError: fewer than two widths.

    Source of the conditioning: Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance
    Normalization", ICCV 2017. A vector that only joins at the smallest maps, as in the papers, is not heeded after the
    few steps that the recipes take.
    """

    def __init__(self, inputs: int, condition: int = 0, widths: Sequence[int] = WIDTHS):
        super().__init__()
        if len(widths) < 2:
            raise ValueError(f"widths are {tuple(widths)}; expected two or more")
        self.shrink = 2 ** (len(widths) - 1)
        self.first = nn.Conv2d(inputs, widths[0], 3, padding=1)
        self.down = nn.ModuleList(Block(a, b) for a, b in itertools.pairwise(widths))
        self.middle = Block(widths[-1], widths[-1], condition)
        self.up = nn.ModuleList(Block(a + b, a, condition) for a, b in reversed(list(itertools.pairwise(widths))))
        self.last = nn.Conv2d(widths[0], 3, 3, padding=1)
        self.conditional = condition > 0

    def forward(
        self, x: Float[Tensor, "b i h w"], condition: Float[Tensor, "b c"] | None = None
    ) -> Float[Tensor, "b 3 h w"]:
        """An image in (-1, 1).

        Raises:
            ValueError: a side is no multiple of ``shrink``, or the condition is missing, or one too many.
        """
        if x.shape[2] % self.shrink or x.shape[3] % self.shrink:
            raise ValueError(f"image is {x.shape[2]}x{x.shape[3]}; expected sides that are multiples of {self.shrink}")
        if self.conditional != (condition is not None):
            raise ValueError("give a condition to a network that has one, and only then")
        x = F.leaky_relu(self.first(x), SLOPE)
        skips = []
        for block in self.down:
            skips.append(x)
            x = block(F.avg_pool2d(x, 2))
        x = x + self.middle(x, condition)
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block(torch.cat([skip, F.interpolate(x, scale_factor=2.0, mode="nearest")], dim=1), condition)
        image: Tensor = self.last(x).tanh()
        return image


class Block(nn.Module):
    """Two convolutions, each with instance norm and leaky ReLU; a vector scales and shifts what the last norm gives."""

    def __init__(self, in_channels: int, out_channels: int, condition: int = 0):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm1 = nn.InstanceNorm2d(out_channels, affine=True)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = nn.InstanceNorm2d(out_channels, affine=True)
        self.style = nn.Linear(condition, 2 * out_channels) if condition else None

    def forward(
        self, x: Float[Tensor, "b i h w"], condition: Float[Tensor, "b c"] | None = None
    ) -> Float[Tensor, "b o h w"]:
        x = self.norm2(self.conv2(F.leaky_relu(self.norm1(self.conv1(x)), SLOPE)))
        if self.style is not None:
            scale, shift = self.style(condition)[:, :, None, None].chunk(2, dim=1)
            x = x * (1.0 + scale) + shift
        return F.leaky_relu(x, SLOPE)
