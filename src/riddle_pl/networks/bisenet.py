"""BiSeNet face parser with the key names of the public ``79999_iter.pth``, for the mask of a pasted face.

Source: Yu et al., "BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation", ECCV 2018, in the form
of https://github.com/zllrunning/face-parsing.PyTorch: its spatial path is the second stage of the ResNet-18.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

CLASSES = 19
"""Labels of ``79999_iter.pth``, in another order than ``parsenet.pth``: 0 background, 1 skin, 2 and 3 brows, 4 and 5
eyes, 6 glasses, 7 and 8 ears, 9 earring, 10 nose, 11 mouth, 12 upper lip, 13 lower lip, 14 neck, 15 necklace, 16 cloth,
17 hair, 18 hat."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""The network takes RGB images in [0, 1], normalised by these."""


class ConvBNReLU(nn.Module):
    """Convolution, norm, ReLU."""

    def __init__(self, in_channels: int, channels: int, kernel: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel, 1, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h w"]:
        return F.relu(self.bn(self.conv(x)))


class ResNet18(ResNet):  # type: ignore[misc]  # torchvision has no types
    """The trunk; gives the features at 1/8, 1/16 and 1/32 of the image's sides."""

    def __init__(self) -> None:
        super().__init__(BasicBlock, [2, 2, 2, 2])
        del self.fc  # the checkpoint has no classifier

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, Tensor, Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        eighth = self.layer2(self.layer1(x))
        sixteenth = self.layer3(eighth)
        return eighth, sixteenth, self.layer4(sixteenth)


class AttentionRefinement(nn.Module):
    """Channel attention from globally pooled features."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.conv = ConvBNReLU(in_channels, channels)
        self.conv_atten = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(channels)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h w"]:
        features: Tensor = self.conv(x)
        weights: Tensor = self.bn_atten(self.conv_atten(F.adaptive_avg_pool2d(features, 1)))
        return features * weights.sigmoid()


class ContextPath(nn.Module):
    """The trunk with refined features of its last two stages and of the whole image, brought to 1/8."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet18()
        self.arm16 = AttentionRefinement(256, 128)
        self.arm32 = AttentionRefinement(512, 128)
        self.conv_head32 = ConvBNReLU(128, 128)
        self.conv_head16 = ConvBNReLU(128, 128)
        self.conv_avg = ConvBNReLU(512, 128, kernel=1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, Tensor]:
        eighth, sixteenth, last = self.resnet(x)
        whole = self.conv_avg(F.adaptive_avg_pool2d(last, 1))
        up = self.conv_head32(F.interpolate(self.arm32(last) + whole, sixteenth.shape[2:], mode="nearest"))
        up = self.conv_head16(F.interpolate(self.arm16(sixteenth) + up, eighth.shape[2:], mode="nearest"))
        return eighth, up


class FeatureFusion(nn.Module):
    """Joins detail and context."""

    def __init__(self) -> None:
        super().__init__()
        self.convblk = ConvBNReLU(256, 256, kernel=1)
        self.conv1 = nn.Conv2d(256, 64, 1, bias=False)
        self.conv2 = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, detail: Float[Tensor, "b 128 h w"], context: Float[Tensor, "b 128 h w"]) -> Tensor:
        features: Tensor = self.convblk(torch.cat([detail, context], dim=1))
        weights: Tensor = self.conv2(F.relu(self.conv1(F.adaptive_avg_pool2d(features, 1)))).sigmoid()
        return features * weights + features


class Head(nn.Module):
    """Features to logits."""

    def __init__(self, in_channels: int, hidden: int, classes: int):
        super().__init__()
        self.conv = ConvBNReLU(in_channels, hidden)
        self.conv_out = nn.Conv2d(hidden, classes, 1, bias=False)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b k h w"]:
        logits: Tensor = self.conv_out(self.conv(x))
        return logits


class BiSeNet(nn.Module):
    """Normalised image to one logit map per class.

    The heads ``conv_out16`` and ``conv_out32`` are auxiliary training heads, kept because the checkpoint has them.

    Args:
        classes: number of labels.
    """

    def __init__(self, classes: int = CLASSES):
        super().__init__()
        self.cp = ContextPath()
        self.ffm = FeatureFusion()
        self.conv_out = Head(256, 256, classes)
        self.conv_out16 = Head(128, 64, classes)
        self.conv_out32 = Head(128, 64, classes)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        """RGB normalised by ``IMAGENET_MEAN`` and ``IMAGENET_STD`` to raw logits."""
        logits: Tensor = self.conv_out(self.ffm(*self.cp(x)))
        return F.interpolate(logits, x.shape[2:], mode="bilinear", align_corners=True)
