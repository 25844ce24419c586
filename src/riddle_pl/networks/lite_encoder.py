"""The lite pack's inversion encoder: e4e's plan (Tov et al., SIGGRAPH 2021) at a fiftieth of its size.

One residual trunk; coarse, middle and fine layers of w read feature maps of 4x4, 8x8 and 16x16 pixels. As in e4e, a
code is one W code plus an offset for every layer but the first, so that codes can be held near W.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.residual import ResidualTrunk
from riddle_pl.networks.stylegan2 import EqualizedLinear

GRID = 4
"""Side of the feature map that each head reads, after averaging."""


class StyleHead(nn.Module):
    """Codes of one group of layers from one feature map."""

    def __init__(self, channels: int, hidden: int, layers: int, dim: int):
        super().__init__()
        self.read = EqualizedLinear(channels * GRID**2, hidden, activate=True)
        self.write = nn.ModuleList(EqualizedLinear(hidden, dim) for _ in range(layers))

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k d"]:
        hidden = self.read(F.adaptive_avg_pool2d(features, GRID).flatten(1))
        return torch.stack([write(hidden) for write in self.write], dim=1)


def widths_of(size: int, channels: Mapping[int, int]) -> list[int]:
    """Feature maps at ``size`` pixels, at half of that, and so on down to 4."""
    widths = {int(side): width for side, width in channels.items()}
    return [widths[2**k] for k in range(int(math.log2(size)), 1, -1)]


class EncoderTrunk(ResidualTrunk):
    """What encoders share: images to feature maps.

    Args:
        size: image side in pixels.
        channels: feature maps per resolution, from ``size`` down to 4.
    """

    def __init__(self, size: int, channels: Mapping[int, int]):
        super().__init__(widths_of(size, channels), kernel_size=3)

    def maps(self, x: Float[Tensor, "b 3 h h"]) -> dict[int, Float[Tensor, "b _ _ _"]]:
        """Feature maps by their side in pixels, from half the image's down to 4."""
        return {features.shape[2]: features for features in self.block_maps(x)}


class LiteEncoder(EncoderTrunk):
    """Photo to W+ code.

    Args:
        size: image side in pixels, the generator's.
        num_layers: n, layers of a W+ code.
        channels: feature maps per resolution, from ``size`` down to 4.
        hidden: width between a feature map and its codes.
        dim: width of a code.
    """

    w_mean: Tensor

    def __init__(self, size: int, num_layers: int, channels: Mapping[int, int], hidden: int = 256, dim: int = 512):
        super().__init__(size, channels)
        widths = {int(side): width for side, width in channels.items()}
        self.size = size
        self.num_layers = num_layers
        coarse, middle = min(3, num_layers - 2), min(3, num_layers - 4)
        self.base = StyleHead(widths[4], hidden, 1, dim)
        self.coarse = StyleHead(widths[4], hidden, coarse - 1, dim)
        self.middle = StyleHead(widths[8], hidden, middle, dim)
        self.fine = StyleHead(widths[16], hidden, num_layers - coarse - middle, dim)
        self.register_buffer("w_mean", torch.zeros(dim))

    def split(self, x: Float[Tensor, "b 3 h h"]) -> tuple[Float[Tensor, "b 1 d"], Float[Tensor, "b m d"]]:
        """The W code, and the offsets of layers 1 to n - 1 from it.

        Raises:
            ValueError: the image has another size.
        """
        if x.shape[2:] != (self.size, self.size):
            raise ValueError(f"image is {x.shape[2]}x{x.shape[3]}; this encoder takes {self.size}x{self.size}")
        features = self.maps(x)
        base = self.w_mean + self.base(features[4])
        offsets = [self.coarse(features[4]), self.middle(features[8]), self.fine(features[16])]
        return base, torch.cat(offsets, dim=1)

    def forward(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n d"]:
        """Images in [-1, 1], FFHQ-aligned, to W+ codes."""
        base, offsets = self.split(x)
        return torch.cat([base, base + offsets], dim=1)
