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
    """Convolutions with instance norm and skip connections; a vector joins at the smallest feature maps.

    Args:
        inputs: channels of the image and the maps that go with it.
        condition: width of the vector; 0 for none.
        widths: channels at full resolution, 1/2, 1/4, ...

    Raises:
        ValueError: fewer than two widths.
    """

    def __init__(self, inputs: int, condition: int = 0, widths: Sequence[int] = WIDTHS):
        super().__init__()
        if len(widths) < 2:
            raise ValueError(f"widths are {tuple(widths)}; expected two or more")
        self.shrink = 2 ** (len(widths) - 1)
        self.first = nn.Conv2d(inputs, widths[0], 3, padding=1)
        self.down = nn.ModuleList(_block(a, b) for a, b in itertools.pairwise(widths))
        self.condition = nn.Linear(condition, widths[-1]) if condition else None
        self.middle = _block(widths[-1], widths[-1])
        self.up = nn.ModuleList(_block(a + b, a) for a, b in reversed(list(itertools.pairwise(widths))))
        self.last = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(
        self, x: Float[Tensor, "b i h w"], condition: Float[Tensor, "b c"] | None = None
    ) -> Float[Tensor, "b 3 h w"]:
        """An image in (-1, 1).

        Raises:
            ValueError: a side is no multiple of ``shrink``, or the condition is missing, or one too many.
        """
        if x.shape[2] % self.shrink or x.shape[3] % self.shrink:
            raise ValueError(f"image is {x.shape[2]}x{x.shape[3]}; expected sides that are multiples of {self.shrink}")
        if (condition is None) != (self.condition is None):
            raise ValueError("give a condition to a network that has one, and only then")
        x = F.leaky_relu(self.first(x), SLOPE)
        skips = []
        for block in self.down:
            skips.append(x)
            x = block(F.avg_pool2d(x, 2))
        if self.condition is not None:
            x = x + self.condition(condition)[:, :, None, None]
        x = x + self.middle(x)
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block(torch.cat([skip, F.interpolate(x, scale_factor=2.0, mode="nearest")], dim=1))
        image: Tensor = self.last(x).tanh()
        return image


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(in_channels, out_channels), *_convolution(out_channels, out_channels))


def _convolution(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        nn.InstanceNorm2d(out_channels, affine=True),
        nn.LeakyReLU(SLOPE),
    ]
