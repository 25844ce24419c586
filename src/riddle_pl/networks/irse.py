"""IR-SE residual networks: the ArcFace recogniser of the identity loss, and the body of the e4e encoder.

Key names are those of the public ``model_ir_se50.pth``. Source: Deng et al., "ArcFace", CVPR 2019 (improved
residual units), with the squeeze-and-excitation of Hu et al., CVPR 2018.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

PUBLIC_WIDTHS = (64, 128, 256, 512)
"""Channels per stage of the public networks; each stage begins with a unit of stride 2."""

PUBLIC_BLOCKS = (3, 4, 14, 3)
"""Residual units per stage of the 50-layer network."""

SE_REDUCTION = 16


class SqueezeExcitation(nn.Module):
    """Scales each channel by a gate computed from the mean of all channels."""

    def __init__(self, channels: int, reduction: int = SE_REDUCTION):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.fc1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        gate: Tensor = self.fc2(F.relu(self.fc1(x.mean(dim=(2, 3), keepdim=True)))).sigmoid()
        return x * gate


class ResidualUnit(nn.Module):
    """Norm, convolution, PReLU, strided convolution, norm, gate; plus a shortcut."""

    def __init__(self, in_channels: int, channels: int, stride: int):
        super().__init__()
        self.stride = stride
        self.shortcut_layer: nn.Module | None = None
        if in_channels != channels:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False),
                nn.BatchNorm2d(channels),
            )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.Conv2d(in_channels, channels, 3, 1, 1, bias=False),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels),
            SqueezeExcitation(channels),
        )

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        s = self.stride
        shortcut = x[:, :, ::s, ::s] if self.shortcut_layer is None else self.shortcut_layer(x)
        out: Tensor = self.res_layer(x) + shortcut
        return out


def irse_input(channels: int) -> nn.Sequential:
    """The first convolution, norm and PReLU, at full resolution."""
    return nn.Sequential(nn.Conv2d(3, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.PReLU(channels))


def irse_body(widths: Sequence[int] = PUBLIC_WIDTHS, blocks: Sequence[int] = PUBLIC_BLOCKS) -> nn.Sequential:
    """All residual units in one sequence; every stage halves the resolution with its first unit."""
    units = []
    previous = widths[0]
    for width, count in zip(widths, blocks, strict=True):
        for index in range(count):
            units.append(ResidualUnit(previous, width, stride=2 if index == 0 else 1))
            previous = width
    return nn.Sequential(*units)


class IRSE(nn.Module):
    """IR-SE recogniser of any width and depth.

    Args:
        widths: channels per stage.
        blocks: residual units per stage.
        embedding_dim: length of the embedding.
        input_size: side in pixels, divisible by 2 to the number of stages.

    Raises:
        ValueError: ``input_size`` is not divisible.
    """

    def __init__(
        self,
        widths: Sequence[int] = PUBLIC_WIDTHS,
        blocks: Sequence[int] = PUBLIC_BLOCKS,
        embedding_dim: int = 512,
        input_size: int = 112,
    ):
        super().__init__()
        shrink = 2 ** len(widths)
        if input_size % shrink:
            raise ValueError(f"input_size is {input_size}; expected a multiple of {shrink} for {len(widths)} stages")
        side = input_size // shrink
        self.input_layer = irse_input(widths[0])
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(widths[-1]),
            nn.Dropout(0.6),
            nn.Flatten(),
            nn.Linear(widths[-1] * side * side, embedding_dim),
            nn.BatchNorm1d(embedding_dim),
        )
        self.body = irse_body(widths, blocks)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        """Face crops in [-1, 1] to embeddings of unit length."""
        return F.normalize(self.output_layer(self.body(self.input_layer(x))), dim=1)


class IRSE50(IRSE):
    """The public 50-layer recogniser: (b, 3, 112, 112) in [-1, 1] to (b, 512) of unit length."""

    def __init__(self) -> None:
        super().__init__()
