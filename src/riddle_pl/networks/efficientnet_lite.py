"""EfficientNet-Lite0, a classifier of ImageNet photos, as a frozen trunk of features.

Source: Tan and Le, "EfficientNet", ICML 2019; its Lite variants have ReLU6 and no squeeze-and-excitation.
"""

import re

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.checkpoint_files import State

STEM = 32

STAGES = (
    (1, 16, 3, 1, 1),
    (6, 24, 3, 2, 2),
    (6, 40, 5, 2, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 5, 3, 1),
    (6, 192, 5, 4, 2),
    (6, 320, 3, 1, 1),
)
"""Expansion, channels, kernel, number of blocks and stride of the first one."""

LEVELS = {2: 24, 4: 40, 10: 112, 15: 320}
"""Channels by block, of the blocks whose outputs are features: the last at strides 4, 8, 16 and 32."""

EPSILON = 1e-3
"""Of its batch norms."""

_NORMS = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
"""The batch norm after each convolution, in the public file."""

_CONVOLUTION = re.compile(rf"(_blocks\.\d+\.)?({'|'.join(_NORMS)})\.weight")


class SameConv2d(nn.Conv2d):
    """Convolution padded as TensorFlow pads: at stride 2 more at the end than before."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(in_channels, channels, kernel, stride, groups=groups)
        before = (kernel - stride) // 2
        self.around = (before, kernel - stride - before) * 2

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        return super().forward(F.pad(x, self.around) if any(self.around) else x)


class InvertedResidual(nn.Module):
    """Expand, depthwise, project linearly; with a shortcut where the shape stays."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        hidden = in_channels * expansion
        self.connect = stride == 1 and in_channels == channels
        if expansion > 1:
            self.expand = SameConv2d(in_channels, hidden, 1)
        self.depthwise = SameConv2d(hidden, hidden, kernel, stride, groups=hidden)
        self.project = SameConv2d(hidden, channels, 1)
        self.expands = expansion > 1

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        hidden = F.relu6(self.expand(x)) if self.expands else x
        out: Tensor = self.project(F.relu6(self.depthwise(hidden)))
        return x + out if self.connect else out


class EfficientNetLite(nn.Module):
    """The blocks of EfficientNet-Lite0, without head and classifier; batch norms are folded into the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, STEM, 3, stride=2)
        self.blocks = nn.ModuleList()
        width = STEM
        for expansion, channels, kernel, repeats, stride in STAGES:
            for index in range(repeats):
                block = InvertedResidual(width, channels, kernel, stride if index == 0 else 1, expansion)
                self.blocks.append(block)
                width = channels

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b c h2 w2"]]:
        """Maps of 24, 40, 112 and 320 channels, at strides 4, 8, 16 and 32.

        Args:
            x: images in [-1, 1], sides multiples of 32.
        """
        x = F.relu6(self.stem(x))
        maps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in LEVELS:
                maps.append(x)
        return maps


def fold_batch_norms(state: State, source: str) -> dict[str, Tensor]:
    """The public port's weights as those of :class:`EfficientNetLite`; its classifier is left out.

    Args:
        state: with keys such as ``_blocks.3._depthwise_conv.weight`` and ``_blocks.3._bn1.running_mean``.
        source: what errors name.

    Raises:
        CheckpointError: a convolution without its batch norm. Whether all are there is for the loading to see.
    """
    folded = {}
    for key, weight in state.items():
        if (found := _CONVOLUTION.fullmatch(key)) is None:
            continue
        block, conv = found.groups(default="")
        norm = f"{block}{_NORMS[conv]}."
        try:
            gain, bias, mean, variance = (
                state[norm + name] for name in ("weight", "bias", "running_mean", "running_var")
            )
        except KeyError as error:
            raise CheckpointError(f"{source} has {key} and no {error.args[0]}; is it another network's?") from None
        gain = gain / (variance + EPSILON).sqrt()
        name = block.removeprefix("_") + ("stem" if conv == "_conv_stem" else conv.strip("_").removesuffix("_conv"))
        folded[f"{name}.weight"] = weight * gain[:, None, None, None]
        folded[f"{name}.bias"] = bias - mean * gain
    return folded
