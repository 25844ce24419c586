"""dlib's face recogniser, a ResNet of 29 layers, in PyTorch: numerically equal to dlib's, several times faster.

Source: King, "dlib_face_recognition_resnet_model_v1" (2017), https://github.com/davisking/dlib-models; architecture in
dlib's ``dnn_face_recognition_ex.cpp``, file format in its ``dnn/tensor_tools`` and ``serialize.h``.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.files import require_file

LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Channels, residual units, and whether the first unit halves the resolution."""

SIDE = 150
"""Of the aligned face chip in pixels."""

MEAN_RGB = (122.782, 117.001, 104.298)
"""Subtracted from pixels in 0 .. 255, before the division by 256."""

EMBEDDING = 128


class _Unit(nn.Module):
    """Two convolutions and a shortcut, which is pooled where the first convolution has a stride."""

    def __init__(self, in_channels: int, channels: int, halve: bool):
        super().__init__()
        self.halve = halve
        stride, padding = (2, 0) if halve else (1, 1)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        out = self.conv2(F.relu(self.conv1(x)))
        shortcut = F.avg_pool2d(x, 2) if self.halve else x
        shape = [max(a, b) for a, b in zip(out.shape[1:], shortcut.shape[1:], strict=True)]
        return F.relu(_padded(out, shape) + _padded(shortcut, shape))


class DlibResNet(nn.Module):
    """Face chips to embeddings; dlib's per-channel scales are part of the convolutions here."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, LEVELS[0][0], 7, 2)
        units = []
        previous = LEVELS[0][0]
        for channels, count, halve in LEVELS:
            for index in range(count):
                units.append(_Unit(previous, channels, halve and index == 0))
                previous = channels
        self.units = nn.Sequential(*units)
        self.fc = nn.Linear(previous, EMBEDDING, bias=False)

    def forward(self, chips: Float[Tensor, "b 3 150 150"]) -> Float[Tensor, "b 128"]:
        """RGB pixels in 0 .. 255 to embeddings, not normalised."""
        x = (chips - chips.new_tensor(MEAN_RGB)[:, None, None]) / 256.0
        x = F.max_pool2d(F.relu(self.conv(x)), 3, 2)
        embedding: Tensor = self.fc(self.units(x).mean(dim=(2, 3)))
        return embedding


def load_dlib_resnet(path: Path | str) -> DlibResNet:
    """The network of ``dlib_face_recognition_resnet_model_v1.dat``, in eval mode.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    data = require_file(path, "dlib's model", CheckpointError).read_bytes()
    network = DlibResNet()
    at = 0
    try:
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, nn.Conv2d):
                    weights, at = _tensor(data, b"con_4", at)
                    scales, at = _tensor(data, b"affine_", at)
                    _fill(module, weights, *scales.reshape(2, module.out_channels))
            weights, at = _tensor(data, b"fc_2", at, sizes=2)
            network.fc.weight.copy_(weights.reshape(network.fc.in_features, EMBEDDING).T)
        if data.find(b"con_4", at) >= 0:
            raise ValueError("it has more layers")
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} is not dlib's face recogniser, or damaged ({error}); get it again") from None
    return network.eval()


def _fill(conv: nn.Conv2d, weights: Tensor, scale: Tensor, shift: Tensor) -> None:
    """The convolution with its bias, then scale and shift of each channel."""
    if conv.bias is None:
        raise ValueError("a convolution has no bias")
    kernel, bias = weights[: -conv.out_channels].reshape(conv.weight.shape), weights[-conv.out_channels :]
    conv.weight.copy_(kernel * scale[:, None, None, None])
    conv.bias.copy_(bias * scale + shift)


def _tensor(data: bytes, layer: bytes, start: int, sizes: int = 0) -> tuple[Float[Tensor, "n"], int]:
    """The parameters after the next mention of a layer's name and ``sizes`` numbers, and where they end."""
    at = data.find(layer, start)
    if at < 0:
        raise ValueError(f"a layer {layer.decode()} is missing")
    at += len(layer)
    numbers = []
    for _ in range(sizes + 5):  # the last five: format version and the tensor's four sizes
        number, at = _integer(data, at)
        numbers.append(number)
    numbers = numbers[sizes:]
    count = int(np.prod(numbers[1:]))
    end = at + 4 * count
    if numbers[0] != 2 or not 0 < count <= len(data) or end > len(data):
        raise ValueError(f"the parameters of {layer.decode()} have sizes {numbers}")
    return torch.from_numpy(np.frombuffer(data, "<f4", count, at).astype(np.float64)), end


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A count byte, then so many bytes, the lowest first."""
    size = data[at] & 0x7F
    if size > 8 or at + 1 + size > len(data):
        raise ValueError(f"byte {at} begins no number")
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size


def _padded(x: Float[Tensor, "b c h w"], shape: list[int]) -> Float[Tensor, "b c2 h2 w2"]:
    """Zeros behind the last channel, row and column."""
    channels, height, width = (wanted - given for wanted, given in zip(shape, x.shape[1:], strict=True))
    return F.pad(x, (0, width, 0, height, 0, channels)) if channels or height or width else x
