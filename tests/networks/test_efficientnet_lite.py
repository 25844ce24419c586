"""A failure here: the discriminator of the generator's recipe would look through features that are not ImageNet's."""

from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.checkpoints import load_efficientnet_lite
from tests.networks.efficientnet_lite_file import public_maps, public_state


def test_the_maps_are_those_of_the_public_file(tmp_path: Path) -> None:
    state = public_state()
    torch.save(state, tmp_path / "lite0.pth")
    x = torch.rand(2, 3, 64, 64) * 2.0 - 1.0
    with torch.no_grad():
        maps = load_efficientnet_lite(tmp_path / "lite0.pth")(x)
    assert [tuple(level.shape[1:]) for level in maps] == [(24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
    expected = public_maps(state, x)
    for level, index in zip(maps, (2, 4, 10, 15), strict=True):
        torch.testing.assert_close(level, expected[index], rtol=1e-3, atol=1e-4)


def test_a_file_without_a_block_or_a_norm_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lite0.pth"
    state = public_state()
    torch.save({key: value for key, value in state.items() if not key.startswith("_blocks.15.")}, path)
    with pytest.raises(CheckpointError, match=r"lite0\.pth does not fit EfficientNetLite: it lacks blocks\.15\.expand"):
        load_efficientnet_lite(path)
    del state["_blocks.3._bn1.running_var"]
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=r"has _blocks\.3\._depthwise_conv\.weight and no _blocks\.3\._bn1\."):
        load_efficientnet_lite(path)
