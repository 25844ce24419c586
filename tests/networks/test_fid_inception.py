"""FID would be a number that no paper's can be compared with."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from riddle_pl.networks.fid_inception import SIDE, FIDInception


@pytest.fixture(scope="module")
def network() -> FIDInception:
    torch.manual_seed(0)
    return FIDInception().eval()


def blocks(network: FIDInception, name: str, x: Tensor, monkeypatch: pytest.MonkeyPatch) -> tuple[Tensor, Tensor]:
    """What one block gives, in torchvision's way and in ours."""
    block = network.body.get_submodule(name)
    with monkeypatch.context() as patch:
        patch.setattr(network.body, "named_children", lambda: iter([(name, block)]))
        means = network.features(x)
    return block(x), means


@torch.no_grad()
def test_average_pooling_leaves_out_the_padding(network: FIDInception, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: a constant stays what it is up to the border, where zeros would be averaged in."""
    x = torch.full((1, 192, 7, 7), 2.0)
    theirs, means = blocks(network, "Mixed_5b", x, monkeypatch)
    branch = network.body.Mixed_5b.branch_pool
    expected = branch(x)  # pooling a constant without its padding changes nothing
    torch.testing.assert_close(means[:, -32:], expected.mean(dim=(2, 3)))
    assert not torch.allclose(theirs[:, -32:], expected)
    torch.testing.assert_close(theirs[:, -32:, 1:-1, 1:-1], expected[:, :, 1:-1, 1:-1])
    torch.testing.assert_close(means[:, :-32], theirs[:, :-32].mean(dim=(2, 3)))


@torch.no_grad()
def test_the_last_block_pools_by_maximum(network: FIDInception, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.zeros(1, 2048, 3, 3)
    x[:, :, 1, 1] = 1.0
    _, means = blocks(network, "Mixed_7c", x, monkeypatch)
    branch = network.body.Mixed_7c.branch_pool(torch.ones_like(x))  # the one pixel reaches every window
    torch.testing.assert_close(means[:, -192:], branch.mean(dim=(2, 3)))


def test_images_are_resized_as_pillow_does_and_scaled(network: FIDInception, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    seen = []
    monkeypatch.setattr(network, "features", lambda x: seen.append(x) or x.mean(dim=(2, 3)))
    network(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1.0)
    channels = [Image.fromarray(pixels[:, :, c].astype(np.float32)) for c in range(3)]
    resized = np.stack([np.asarray(c.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for c in channels])
    expected = (torch.from_numpy(resized).clamp(0, 255) - 128) / 128
    torch.testing.assert_close(seen[0][0], expected, atol=2e-3, rtol=0)


@torch.no_grad()
def test_values_out_of_range_are_clipped_and_not_wrapped(network: FIDInception) -> None:
    loud, full = (network(torch.full((1, 3, 16, 16), value)) for value in (1.5, 1.0))
    assert full.shape == (1, 2048)
    torch.testing.assert_close(loud, full)
