"""Public weights of a judge would be refused, or load into a network that computes something else."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats.evaluator_checkpoints import load_facenet, load_fid_inception, load_sphereface

Loader = Callable[[Path], nn.Module]


def sphereface_file() -> dict[str, Tensor]:
    """Keys and shapes of ``sphere20a_20171020.pth``, from the source of its authors."""
    convolutions = {
        "conv1": [(64, 3), (64, 64), (64, 64)],
        "conv2": [(128, 64)] + [(128, 128)] * 4,
        "conv3": [(256, 128)] + [(256, 256)] * 8,
        "conv4": [(512, 256)] + [(512, 512)] * 2,
    }
    state = {}
    for stage, shapes in convolutions.items():
        for index, (channels, previous) in enumerate(shapes, 1):
            name = f"{stage}_{index}"
            state[f"{name}.weight"] = torch.zeros(channels, previous, 3, 3)
            state[f"{name}.bias"] = torch.zeros(channels)
            state[f"{name.replace('conv', 'relu')}.weight"] = torch.zeros(channels)
    return state | {
        "fc5.weight": torch.zeros(512, 512 * 7 * 6),
        "fc5.bias": torch.ones(512),
        "fc6.weight": torch.zeros(512, 7),  # 10574 people in the real file
    }


def facenet_file() -> dict[str, Tensor]:
    from facenet_pytorch import InceptionResnetV1

    classifier = {"logits.weight": torch.zeros(7, 512), "logits.bias": torch.zeros(7)}
    return InceptionResnetV1(pretrained=None).state_dict() | classifier


def inception_file() -> dict[str, Tensor]:
    from torchvision.models import inception_v3

    state: dict[str, Tensor] = inception_v3(
        weights=None, num_classes=1008, aux_logits=False, init_weights=False
    ).state_dict()
    return state


CASES = {
    "sphereface": (load_sphereface, sphereface_file, "fc6.weight"),
    "facenet": (load_facenet, facenet_file, "logits.bias"),
    "inception": (load_fid_inception, inception_file, "fc.bias"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_public_format_loads_and_nothing_else_does(name: str, tmp_path: Path) -> None:
    load, make, last = CASES[name]
    path = tmp_path / "weights.pth"
    state = make()
    torch.save(state, path)
    network = load(path)
    assert not network.training
    torch.save({key: value for key, value in state.items() if key != last}, path)
    with pytest.raises(CheckpointError, match=last):
        load(path)
    torch.save(state | {"another.weight": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match=r"unknown another\.weight"):
        load(path)


def test_sphereface_is_empty_of_identity_without_weights(tmp_path: Path) -> None:
    torch.save(sphereface_file(), tmp_path / "zeros.pth")
    embedding = load_sphereface(tmp_path / "zeros.pth")(torch.rand(2, 3, 112, 96))
    torch.testing.assert_close(embedding, torch.ones(2, 512))  # the last bias alone


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for load, _, _ in CASES.values():
        with pytest.raises(CheckpointError, match=r"absent\.pth does not exist"):
            load(tmp_path / "absent.pth")
