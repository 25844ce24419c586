"""If this fails, a public checkpoint from a stranger runs code, or takes all memory before its shapes are compared."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.checkpoint_files import read_checkpoint
from riddle_pl.networks.formats.checkpoints import (
    load_bisenet,
    load_e4e,
    load_encryptor_checkpoint,
    load_generator_checkpoint,
    load_irse50,
    load_mobilefacenet,
    load_parser,
)
from tests.bad_input.crafted import Bomb, Marks, one_line, save

MANY = 100_000
"""A side with which no matrix of a network fits into memory."""


def thin(*shape: int) -> torch.Tensor:
    """A tensor with one long side: 100 kB in the file."""
    return torch.zeros(*shape, dtype=torch.uint8)


Loader = Callable[[Path], object]
HUGE: dict[str, tuple[Loader, dict[str, Any]]] = {
    "mlp": (load_encryptor_checkpoint, {"mapper_state_dict": {"model.0.weight": thin(1, 2 * MANY)}}),
    "transformer": (
        load_encryptor_checkpoint,
        {
            "mapper_state_dict": {
                "layers.0.self_attn.in_proj_weight": thin(1, MANY),
                "layers.0.linear1.weight": thin(MANY, 1),
                "layers.1.a": thin(1),
                "layers.2.a": thin(1),
            }
        },
    ),
    "generator": (
        lambda path: load_generator_checkpoint(path, 8),
        {"g_ema": {"conv1.conv.weight": thin(1, MANY), "noises.noise_0": thin(1), "style.1.weight": thin(1, MANY)}},
    ),
    "e4e": (
        load_e4e,
        {
            "state_dict": {"encoder.styles.0.linear.weight": thin(MANY, 1), "encoder.styles.0.convs.0.weight": thin(1)},
            "latent_avg": torch.zeros(1, 8),
        },
    ),
    "irse50": (load_irse50, {"output_layer.3.weight": thin(MANY, 25088 // 512)}),
    "mobilefacenet": (load_mobilefacenet, {"state_dict": {"linear7.conv.weight": thin(1, 1, MANY, 1)}}),
    "parser": (load_parser, {"conv1.conv1.0.weight": thin(MANY), "conv2.conv1.0.weight": thin(MANY)}),
    "bisenet": (load_bisenet, {"conv_out.conv_out.weight": thin(10_000_000)}),
}


@pytest.mark.parametrize("kind", sorted(HUGE))
def test_sizes_that_no_network_has_are_one_line(kind: str, tmp_path: Path) -> None:
    load, content = HUGE[kind]
    path = save(content, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=r"weights; at most|cannot have these sizes|does not fit") as error:
        load(path)
    assert str(path) in one_line(error.value)


@pytest.mark.parametrize(
    "opts",
    [
        {"add_linear": torch.zeros(3)},
        {"split_list": "9" * 5000},
        {"split_list": [4, 4, "x"]},
        {"split_list": [10**300]},
        {"morefc_num": {}},
    ],
    ids=range(5),
)
def test_options_that_no_training_has_are_one_line(opts: dict[str, Any], tmp_path: Path) -> None:
    state = {"layers.0.self_attn.in_proj_weight": torch.zeros(24, 8)}
    path = save({"mapper_state_dict": state, "opts": opts}, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError) as error:
        load_encryptor_checkpoint(path)
    one_line(error.value)


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("form", ["zip", "legacy", "bare"])
def test_python_objects_are_not_unpickled(form: str, protocol: int, tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    path = tmp_path / "weights.pt"
    content = {"state_dict": {"a": torch.zeros(1)}, "opts": Bomb(marks.appears)}
    if form == "bare":
        path.write_bytes(pickle.dumps({"opts": Bomb(marks.appears)}, protocol=protocol))
    else:
        torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path)
    one_line(error.value)
    assert marks.nothing_ran


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match="not an ordinary file"):
        read_checkpoint(tmp_path / "weights.pt")


def test_values_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riddle_pl.networks.formats.checkpoint_files._MAX_VALUES", 100)
    endless: list[Any] = []
    endless.append(endless)
    assert read_checkpoint(save({"a": endless, "b": [1] * 50}, tmp_path / "weights.pt"))
    with pytest.raises(CheckpointError, match="holds more than 100 values"):
        read_checkpoint(save({"a": list(range(200))}, tmp_path / "weights.pt"))


def test_one_latent_for_all_layers_may_be_stored_once(tmp_path: Path) -> None:
    """Public checkpoints may hold such a view; it is small."""
    latent = read_checkpoint(save({"latent_avg": torch.ones(1, 512).expand(18, 512)}, tmp_path / "a.pt"))["latent_avg"]
    assert latent.shape == (18, 512)
