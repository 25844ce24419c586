"""U-Net face parser of the parsing loss, with the key names of the public ``parsenet.pth``."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

CLASSES = 19
"""CelebAMask-HQ labels: 0 background, 1 skin, 2 nose, 3 glasses, 4 left eye, 5 right eye, 6 left brow, 7 right brow,
8 left ear, 9 right ear, 10 mouth, 11 upper lip, 12 lower lip, 13 hair, 14 hat, 15 earring, 16 necklace, 17 neck,
18 cloth."""

PUBLIC_WIDTHS = (16, 32, 64, 128, 256)


class DoubleConv(nn.Module):
    """Two 3x3 convolutions, each with norm and ReLU."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.conv1 = _conv(in_channels, channels)
        self.conv2 = _conv(channels, channels)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h w"]:
        out: Tensor = self.conv2(self.conv1(x))
        return out


class UpConcat(nn.Module):
    """Doubles the resolution, joins the encoder's features of that resolution, convolves."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.conv = DoubleConv(2 * channels, channels)
        self.up = nn.ConvTranspose2d(in_channels, channels, kernel_size=2, stride=2)

    def forward(self, skip: Float[Tensor, "b o h w"], x: Float[Tensor, "b i h2 w2"]) -> Float[Tensor, "b o h w"]:
        out: Tensor = self.conv(torch.cat([skip, self.up(x)], dim=1))
        return out


class FaceParserUNet(nn.Module):
    """Image to one logit map per class.

    Args:
        classes: number of labels.
        widths: channels at full resolution, 1/2, 1/4, 1/8 and 1/16.

    Raises:
        ValueError: not five widths.
    """

    def __init__(self, classes: int = CLASSES, widths: Sequence[int] = PUBLIC_WIDTHS):
        super().__init__()
        if len(widths) != 5:
            raise ValueError(f"widths are {tuple(widths)}; expected five")
        w1, w2, w3, w4, w5 = widths
        self.conv1 = DoubleConv(3, w1)
        self.conv2 = DoubleConv(w1, w2)
        self.conv3 = DoubleConv(w2, w3)
        self.conv4 = DoubleConv(w3, w4)
        self.center = DoubleConv(w4, w5)
        self.up_concat4 = UpConcat(w5, w4)
        self.up_concat3 = UpConcat(w4, w3)
        self.up_concat2 = UpConcat(w3, w2)
        self.up_concat1 = UpConcat(w2, w1)
        self.final = nn.Conv2d(w1, classes, 1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        """Images in [-1, 1], sides multiples of 16, to raw logits.

        Raises:
            ValueError: a side is not a multiple of 16.
        """
        if x.shape[2] % 16 or x.shape[3] % 16:
            raise ValueError(f"image is {x.shape[2]}x{x.shape[3]}; expected sides that are multiples of 16")
        full = self.conv1(x)
        half = self.conv2(F.max_pool2d(full, 2))
        quarter = self.conv3(F.max_pool2d(half, 2))
        eighth = self.conv4(F.max_pool2d(quarter, 2))
        up = self.up_concat4(eighth, self.center(F.max_pool2d(eighth, 2)))
        up = self.up_concat3(quarter, up)
        up = self.up_concat2(half, up)
        logits: Tensor = self.final(self.up_concat1(full, up))
        return logits


def _conv(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, channels, 3, 1, 1), nn.BatchNorm2d(channels), nn.ReLU())
