"""A judge's weights in ncnn's format would be refused, or read into the wrong places."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.ncnn_weights import load_ncnn_mobilefacenet
from riddle_pl.networks.mobilefacenet import MobileFaceNet

BIAS = 0.25


@pytest.fixture(scope="module")
def original() -> MobileFaceNet:
    """With norms that have seen something."""
    torch.manual_seed(0)
    network = MobileFaceNet(128, (112, 112)).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network


def as_ncnn(network: MobileFaceNet) -> bytes:
    """The file that ncnn's converters write: tagged weights, norms with their epsilon inside the variance."""
    parts: list[np.ndarray] = []
    tag = np.zeros(1, dtype="<u4").view("<f4")
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            parts += [tag, module.weight.detach().numpy()]
            if module is network.linear1.conv:
                parts.append(np.full(128, BIAS))
        elif isinstance(module, nn.BatchNorm2d):
            mean = module.running_mean + (BIAS if module is network.linear1.bn else 0.0)
            parts += [t.detach().numpy() for t in (module.weight, mean, module.running_var + module.eps, module.bias)]
        elif isinstance(module, nn.PReLU):
            parts.append(module.weight.detach().numpy())
    return b"".join(part.astype("<f4").tobytes() for part in parts)


@torch.no_grad()
def test_the_network_is_the_one_that_was_written(original: MobileFaceNet, tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(as_ncnn(original))
    x = torch.rand(2, 3, 112, 112) * 2 - 1
    loaded = load_ncnn_mobilefacenet(tmp_path / "m.bin")
    assert not loaded.training
    torch.testing.assert_close(loaded(x), original(x), atol=1e-4, rtol=1e-4)


def test_what_is_no_such_file_is_refused(original: MobileFaceNet, tmp_path: Path) -> None:
    content = as_ncnn(original)
    path = tmp_path / "m.bin"
    for spoilt, expected in (
        (content[:-4], "ends too early"),
        (content + bytes(4), "a MobileFaceNet in ncnn's format is"),
        (b"Gk0\x01" + content[4:], "type 0x1306b47; expected float32"),  # half precision
        (b"", "ends too early|empty"),
    ):
        path.write_bytes(spoilt)
        with pytest.raises(CheckpointError, match=expected):
            load_ncnn_mobilefacenet(path)


def test_the_real_file_loads(shared: Path) -> None:
    embedding = load_ncnn_mobilefacenet(shared / "weights" / "mobilefacenet_b.bin")(torch.zeros(1, 3, 112, 112))
    assert embedding.isfinite().all()
