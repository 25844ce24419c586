"""The independent judge of all results would be another network than dlib's, or read a damaged file."""

from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.judging import dlib_jobs
from riddle_pl.networks.dlib_resnet import DlibResNet, load_dlib_resnet


def test_shapes_are_those_of_dlib() -> None:
    """Its levels end at 35, 17, 8, 4 and 2 px: shortcuts are pooled up to one pixel larger, then padded."""
    network = DlibResNet().eval()
    sides = []
    for unit in network.units:
        unit.register_forward_hook(lambda _module, _inputs, out: sides.append(out.shape[-1]))
    assert network(torch.rand(1, 3, 150, 150) * 255).shape == (1, 128)
    assert list(dict.fromkeys(sides)) == [35, 17, 8, 4, 2]
    assert len(sides) == 14  # of two convolutions each, and one before and one layer after: 30 - 1 = 29 convolutions


@pytest.fixture
def original() -> bytes:
    folder = dlib_jobs.models_folder()
    if folder is None:
        pytest.skip("the extra [dlib] is not installed")
    return (folder / dlib_jobs.RECOGNISER).read_bytes()


def test_a_damaged_or_foreign_file_is_one_line(original: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.dat"
    for content in (original[: len(original) // 2], original[:400], b"", original.replace(b"con_4", b"con_9", 1)):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"model\.dat") as error:
            load_dlib_resnet(path)
        assert "\n" not in str(error.value)
