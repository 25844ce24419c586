"""MobileFaceNet from the weight file of an ncnn model (``.bin``), without ncnn: the file is a list of arrays in order.

Source of the format: https://github.com/Tencent/ncnn (param and model file structure); of the file:
https://github.com/CrD1997/mobilefacenet_ncnn (``mobilefacenet1``).
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.files import require_file
from riddle_pl.networks.mobilefacenet import MobileFaceNet

INPUT_SIZE = (112, 112)
EMBEDDING = 128


class _Reader:
    """Takes arrays off a file from the front."""

    def __init__(self, path: Path):
        self.path = path
        self.data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        self.at = 0

    def plain(self, count: int) -> Tensor:
        """``count`` float32 numbers."""
        return torch.from_numpy(self._take(count).view("<f4").astype(np.float64))

    def weights(self, count: int) -> Tensor:
        """``count`` numbers after a storage tag."""
        tag = int(self._take(1).view("<u4")[0])
        if tag != 0:
            raise CheckpointError(f"{self.path} holds weights of type {tag:#x}; expected float32 (type 0)")
        return self.plain(count)

    def _take(self, count: int) -> np.ndarray:
        if self.at + 4 * count > len(self.data):
            raise CheckpointError(f"{self.path} ends too early for a MobileFaceNet in ncnn's format; get it again")
        self.at += 4 * count
        return self.data[self.at - 4 * count : self.at]

    def end(self) -> None:
        """Checks that the file has no more data."""
        if self.at != len(self.data):
            raise CheckpointError(
                f"{self.path} is {len(self.data)} bytes; a MobileFaceNet in ncnn's format is {self.at}"
            )


def load_ncnn_mobilefacenet(path: Path | str) -> MobileFaceNet:
    """The network, in eval mode.

    Raises:
        CheckpointError: the file is missing, or not as long as this network, or not of float32 weights.
    """
    reader = _Reader(require_file(path, "checkpoint", CheckpointError))
    network = MobileFaceNet(EMBEDDING, INPUT_SIZE)
    last = network.linear1.conv
    shift = torch.zeros(EMBEDDING, dtype=torch.double)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.copy_(reader.weights(module.weight.numel()).reshape(module.weight.shape))
                if module is last:  # a fully connected layer; its bias goes into the norm that follows
                    shift = reader.plain(EMBEDDING)
            elif isinstance(module, nn.BatchNorm2d):
                _copy_norm(module, reader, shift if module is network.linear1.bn else None)
            elif isinstance(module, nn.PReLU):
                module.weight.copy_(reader.plain(module.weight.numel()))
    reader.end()
    return network.eval()


def _copy_norm(norm: nn.BatchNorm2d, reader: _Reader, shift: Tensor | None) -> None:
    """ncnn stores slope, mean, variance and bias, and has no epsilon."""
    slope, mean, variance, bias = (reader.plain(norm.num_features) for _ in range(4))
    if norm.running_mean is None or norm.running_var is None:
        raise CheckpointError("the network's norms keep no statistics")
    norm.weight.copy_(slope / variance.sqrt() * (1.0 + norm.eps) ** 0.5)
    norm.bias.copy_(bias)
    norm.running_mean.copy_(mean if shift is None else mean - shift)
    norm.running_var.fill_(1.0)
