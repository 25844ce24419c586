"""MobileFaceNet, a recogniser of one million parameters (Chen et al., CCBR 2018), with public key names."""

from jaxtyping import Float
from torch import Tensor, nn

STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, number of bottlenecks and stride of the first one (Table 1 of the paper)."""

SHRINK = 16
"""Total stride: the last, global, depthwise kernel covers a sixteenth of the input."""


class ConvBlock(nn.Module):
    """Convolution, norm and, unless ``linear``, PReLU."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        depthwise: bool = False,
        linear: bool = False,
    ):
        super().__init__()
        groups = in_channels if depthwise else 1
        self.conv = nn.Conv2d(in_channels, channels, kernel, stride, padding, groups=groups, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(channels)
        if not linear:
            self.prelu = nn.PReLU(channels)
        self.linear = linear

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        out: Tensor = self.bn(self.conv(x))
        if not self.linear:
            out = self.prelu(out)
        return out


class Bottleneck(nn.Module):
    """Inverted residual: expand, depthwise, project linearly; with a shortcut where the shape stays."""

    def __init__(self, in_channels: int, channels: int, stride: int, expansion: int):
        super().__init__()
        hidden = in_channels * expansion
        self.connect = stride == 1 and in_channels == channels
        self.conv = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.PReLU(hidden),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.PReLU(hidden),
            nn.Conv2d(hidden, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        out: Tensor = self.conv(x)
        return x + out if self.connect else out


class MobileFaceNet(nn.Module):
    """MobileFaceNet for aligned crops.

    Args:
        embedding_dim: length of the embedding.
        input_size: (height, width) in pixels, multiples of 16; sets the global depthwise kernel.
        width: factor on all inner channel counts (1.0 in public checkpoints).

    Raises:
        ValueError: ``input_size`` is not a multiple of 16.
    """

    def __init__(self, embedding_dim: int = 128, input_size: tuple[int, int] = (112, 96), width: float = 1.0):
        super().__init__()
        height, breadth = input_size
        if height % SHRINK or breadth % SHRINK:
            raise ValueError(f"input_size is {height}x{breadth}; expected multiples of {SHRINK}")
        self.input_size = (height, breadth)

        def scaled(channels: int) -> int:
            return max(8, round(channels * width / 8) * 8)

        stem, head = scaled(64), scaled(512)
        self.conv1 = ConvBlock(3, stem, 3, stride=2, padding=1)
        self.dw_conv1 = ConvBlock(stem, stem, 3, padding=1, depthwise=True)
        blocks = []
        previous = stem
        for expansion, channels, count, stride in STAGES:
            for index in range(count):
                blocks.append(Bottleneck(previous, scaled(channels), stride if index == 0 else 1, expansion))
                previous = scaled(channels)
        self.blocks = nn.Sequential(*blocks)
        self.conv2 = ConvBlock(previous, head, 1)
        self.linear7 = ConvBlock(head, head, (height // SHRINK, breadth // SHRINK), depthwise=True, linear=True)
        self.linear1 = ConvBlock(head, embedding_dim, 1, linear=True)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        """Crops in [-1, 1] of exactly ``input_size`` to embeddings, not normalised.

        The public weights were trained with (pixel - 127.5) / 128, which is 0.4 % less contrast than [-1, 1].

        Raises:
            ValueError: the crop has another size.
        """
        return self.embedding(self.features(x))

    def features(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c"]:
        """What the embedding is a linear map of; it tells more than identity. See :meth:`forward`."""
        height, breadth = self.input_size
        if tuple(x.shape[2:]) != self.input_size:
            raise ValueError(f"crop is {x.shape[2]}x{x.shape[3]} (height x width); expected {height}x{breadth}")
        features: Tensor = self.linear7(self.conv2(self.blocks(self.dw_conv1(self.conv1(x)))))
        return features.flatten(1)

    def embedding(self, features: Float[Tensor, "b c"]) -> Float[Tensor, "b d"]:
        """The last layer."""
        embedding: Tensor = self.linear1(features[:, :, None, None])
        return embedding.flatten(1)
