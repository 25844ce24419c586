"""MobileStyleGAN's generator (Belousov 2021, arXiv 2104.04767) in plain PyTorch: StyleGAN2's faces at less cost.

A block doubles the resolution by an inverse Haar wavelet transform and convolves twice, depthwise then pointwise.
Demodulation is constant and folded into the weights, so that no weight depends on the sample: a style only scales
channels. The released network outputs 1024 px; smaller images come from heads on its inner features, see
``mobile_head``.
"""

import copy

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.networks.mobile_head import MobileHead
from riddle_pl.networks.stylegan2 import LEAKY_GAIN, LEAKY_SLOPE, PixelNorm

CHANNELS = (512, 512, 512, 512, 256, 128, 64)
"""Feature maps of the blocks at 8, 16, ... 512 px; the input at 4 px has 512."""

MAPPING_LAYERS = 8
STYLE_DIM = 512


def inverse_haar(bands: Float[Tensor, "b h w c"]) -> Float[Tensor, "b h2 w2 c4"]:
    """Twice the resolution from four wavelet bands: quarters of the channels, low, vertical, horizontal, diagonal.

    Their signs over the four pixels of a 2x2 cell, in reading order, are (+ + + +), (+ + - -), (+ - + -), (+ - - +);
    every pixel is half of the signed sum.
    """
    batch, height, width, channels = bands.shape
    low, vertical, horizontal, diagonal = (bands * 0.5).chunk(4, dim=3)
    top, bottom = low + vertical, low - vertical
    left, right = horizontal + diagonal, horizontal - diagonal
    rows = (torch.stack([top + left, top - left], dim=3), torch.stack([bottom + right, bottom - right], dim=3))
    return torch.stack(rows, dim=2).reshape(batch, 2 * height, 2 * width, channels // 4)


class MappingLayer(nn.Linear):
    """Linear layer, leaky ReLU and its gain."""

    def forward(self, x: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        return F.leaky_relu(super().forward(x), LEAKY_SLOPE) * LEAKY_GAIN


class WaveletUpsample(nn.Module):
    """Scales the wavelet bands by a style, then :func:`inverse_haar`: a quarter of the channels, twice the side."""

    def __init__(self, channels: int):
        super().__init__()
        self.modulation = nn.Linear(STYLE_DIM, channels)

    def forward(self, x: Float[Tensor, "b h w c"], w: Float[Tensor, "b d"]) -> Float[Tensor, "b h2 w2 c4"]:
        return inverse_haar(x * self.modulation(w)[:, None, None])


class StyledConv(nn.Module):
    """Style scaling, 3x3 depthwise and 1x1 pointwise convolution, constant noise, bias and leaky ReLU.

    Channels come last, so that the pointwise convolution is a matrix product.

    Args:
        in_channels: of the features.
        out_channels: of the result.
        side: of the features in pixels, for the noise map.
    """

    noise: Tensor

    def __init__(self, in_channels: int, out_channels: int, side: int):
        super().__init__()
        self.modulation = nn.Linear(STYLE_DIM, in_channels)
        self.depthwise = nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
        self.pointwise = nn.Linear(in_channels, out_channels)
        self.register_buffer("noise", torch.zeros(side, side, 1))

    def forward(self, x: Float[Tensor, "b h w i"], w: Float[Tensor, "b d"]) -> Float[Tensor, "b h w o"]:
        x = x * self.modulation(w)[:, None, None]
        x = self.depthwise(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return F.leaky_relu_(self.pointwise(x) + self.noise, LEAKY_SLOPE)


class FirstConv(nn.Module):
    """As :class:`StyledConv`, on the 4 px input, with a dense 3x3 convolution."""

    noise: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))
        self.modulation = nn.Linear(STYLE_DIM, channels)
        self.dense = nn.Conv2d(channels, channels, 3, padding=1)
        self.register_buffer("noise", torch.zeros(4, 4, 1))

    def forward(self, w: Float[Tensor, "b d"]) -> Float[Tensor, "b 4 4 c"]:
        x = self.dense(self.input * self.modulation(w)[:, :, None, None]).permute(0, 2, 3, 1)
        return F.leaky_relu_(x + self.noise, LEAKY_SLOPE)


class Block(nn.Module):
    """Twice the resolution, then two convolutions; takes three layers of W+."""

    def __init__(self, in_channels: int, out_channels: int, side: int):
        super().__init__()
        self.up = WaveletUpsample(in_channels)
        self.conv1 = StyledConv(in_channels // 4, out_channels, side)
        self.conv2 = StyledConv(out_channels, out_channels, side)

    def forward(self, x: Float[Tensor, "b h w i"], w: Float[Tensor, "b 3 d"]) -> Float[Tensor, "b h2 w2 o"]:
        x = self.conv1(self.up(x, w[:, 0]), w[:, 1])
        out: Tensor = self.conv2(x, w[:, 2])
        return out


class FullHead(nn.Module):
    """The released output layer: features at 512 px to the wavelet bands of the image at 1024 px."""

    size = 1024
    blocks = len(CHANNELS)

    def __init__(self) -> None:
        super().__init__()
        self.modulation = nn.Linear(STYLE_DIM, CHANNELS[-1])
        self.pointwise = nn.Linear(CHANNELS[-1], 12)

    def forward(self, x: Float[Tensor, "b h w c"], w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h2 w2"]:
        image = inverse_haar(self.pointwise(x * self.modulation(w[:, -1])[:, None, None]))
        return image.permute(0, 3, 1, 2)


class MobileStyleGAN(FaceGenerator):
    """Mapping network f(z) -> w and synthesis G(w) -> image.

    W+ has 23 layers at every output size: one for the first convolution, three for each of seven blocks (upsampling and
    two convolutions), one for the output.

    Args:
        head: output layer, which decides the image size; the released one of 1024 px by default.

    Source: Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image Synthesis",
    2021; the layout of the graph that the package ``random-face`` carries.
    """

    num_layers = 2 + 3 * len(CHANNELS)
    style_dim = STYLE_DIM

    def __init__(self, head: FullHead | MobileHead | None = None):
        super().__init__()
        self.style = nn.Sequential(PixelNorm(), *(MappingLayer(STYLE_DIM, STYLE_DIM) for _ in range(MAPPING_LAYERS)))
        self.conv1 = FirstConv(STYLE_DIM)
        widths = (STYLE_DIM, *CHANNELS)
        self.blocks = nn.ModuleList(Block(widths[k], widths[k + 1], 8 * 2**k) for k in range(len(CHANNELS)))
        self.head = FullHead() if head is None else head

    @property
    def size(self) -> int:  # type: ignore[override]  # decided by the head
        return self.head.size

    def with_head(self, head: MobileHead) -> "MobileStyleGAN":
        """The same network with another head; weights are shared, and blocks above the head are dropped."""
        small = copy.copy(self)
        small._modules = {**self._modules, "blocks": self.blocks[: head.blocks], "head": head}
        return small

    def features(self, w: Float[Tensor, "b n d"], blocks: int) -> Float[Tensor, "b h w c"]:
        """Features after ``blocks`` blocks, channels last, with a side of 4 · 2^blocks pixels."""
        x: Tensor = self.conv1(w[:, 0])
        for k, block in enumerate(self.blocks[:blocks]):
            x = block(x, w[:, 1 + 3 * k : 4 + 3 * k])
        return x

    def forward(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h h"]:
        """Synthesis from W+ codes; about [-1, 1], not clamped.

        Raises:
            ValueError: ``w`` is for another number of layers.
        """
        w = self.accept(w)
        image: Tensor = self.head(self.features(w, self.head.blocks), w)
        return image
