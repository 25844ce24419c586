"""Output heads for smaller images from MobileStyleGAN's inner features, distilled from the whole network."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.stylegan2 import LEAKY_SLOPE

LAYERS = 23
"""Of W+: what MobileStyleGAN takes."""

FEATURES = {128: (4, 512), 256: (5, 256)}
"""By image size: the number of blocks that are run, and the channels of their features."""


class LayerStyle(nn.Module):
    """Channel scales from the W+ layers that the head replaces: a weighted mean of the codes, then a linear layer."""

    def __init__(self, layers: int, channels: int, dim: int = 512):
        super().__init__()
        self.share = nn.Parameter(torch.zeros(layers))
        self.scale = nn.Linear(dim, channels)
        nn.init.zeros_(self.scale.weight)
        nn.init.ones_(self.scale.bias)

    def forward(self, w: Float[Tensor, "b k d"]) -> Float[Tensor, "b 1 1 c"]:
        code = torch.einsum("bkd,k->bd", w, self.share.softmax(dim=0).to(w.dtype))
        scale: Tensor = self.scale(code)
        return scale[:, None, None]


class HeadConv(nn.Module):
    """A residual branch: style scaling, 3x3 depthwise and 1x1 pointwise convolution, constant maps, leaky ReLU."""

    def __init__(self, layers: int, width: int, side: int, maps: int):
        super().__init__()
        self.style = LayerStyle(layers, width)
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.pointwise = nn.Linear(width, width)
        self.maps = nn.Parameter(torch.zeros(side, side, maps))
        self.read = nn.Linear(maps, width, bias=False)

    def forward(self, x: Float[Tensor, "b h w c"], w: Float[Tensor, "b k d"]) -> Float[Tensor, "b h w c"]:
        out = self.depthwise((x * self.style(w)).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + F.leaky_relu_(self.pointwise(out) + self.read(self.maps), LEAKY_SLOPE)


class MobileHead(nn.Module):
    """Features of the generator and the later layers of W+ to an image of 128 or 256 px.

    The released network has constant noise in the layers that the head replaces; learned constant maps stand in for it.

    Args:
        size: side of the image in pixels.
        width: inner channels.
        depth: convolutions.
        maps: constant maps per convolution.

    Raises:
        ValueError: another size.
    """

    def __init__(self, size: int, width: int = 192, depth: int = 3, maps: int = 4):
        super().__init__()
        if size not in FEATURES:
            raise ValueError(f"size is {size}; there are heads of {', '.join(map(str, FEATURES))} px")
        self.size = size
        self.blocks, channels = FEATURES[size]
        side = size // 2
        self.first_layer = 1 + 3 * self.blocks
        layers = LAYERS - self.first_layer
        self.style = LayerStyle(layers, channels)
        self.narrow = nn.Linear(channels, width)
        self.convs = nn.ModuleList(HeadConv(layers, width, side, maps) for _ in range(depth))
        self.to_cells = nn.Linear(width, 12)

    def forward(self, x: Float[Tensor, "b h w c"], w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h2 w2"]:
        late = w[:, self.first_layer :]
        x = self.narrow(x * self.style(late))
        for conv in self.convs:
            x = conv(x, late)
        return F.pixel_shuffle(self.to_cells(x).permute(0, 3, 1, 2), 2)
