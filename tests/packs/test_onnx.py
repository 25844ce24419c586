"""If this fails, an exported network computes something else than the pack's, or a wrong file is kept."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from riddle_pl.errors import ConfigError, FileError, PackError
from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.packs import Pack
from riddle_pl.packs.onnx_files import TOLERANCE, compare, require_onnx, session, time_part, write_onnx
from riddle_pl.packs.onnx_parts import PaddedCodes, PaddedCoordinates, Part, parts_of


def padded(public: int) -> PaddedEncryptor:
    """One with knots, rotations and axes of no special form."""
    encryptor = PaddedEncryptor(6, 12, groups=(2, 3, 1), dim=16, public=public, layers=2)
    codes = torch.randn(400, 3, 16)
    encryptor.codes.fit(codes)
    encryptor.flow.fit(encryptor.codes.encode_grouped(codes), layers=2)
    if public:
        encryptor.axes.copy_(torch.linalg.qr(torch.randn(12, 12)).Q)
    return encryptor.eval()


@pytest.mark.parametrize("public", [0, 3])
def test_a_padded_encryptor_s_two_parts_are_the_encryptor(public: int) -> None:
    encryptor = padded(public)
    w = encryptor.inside(3.0 * torch.randn(50, 6, 16))
    v = PaddedCoordinates(encryptor)(w)
    torch.testing.assert_close(v, encryptor.coordinates(w), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(PaddedCodes(encryptor)(v), encryptor.decode(v), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(PaddedCodes(encryptor)(v), w, rtol=1e-6, atol=1e-6)


def test_what_is_exported(tiny_pack: Pack) -> None:
    assert tiny_pack.exportable == ("generator", "encoder", "encryptor", "encryptor-df")
    assert [part.name for part in parts_of(tiny_pack, "generator")] == ["generator", "mapping"]
    for role in tiny_pack.exportable:
        for part in parts_of(tiny_pack, role):
            assert part.network(*part.inputs.values()).shape[0] == 2
    with pytest.raises(PackError, match="parser cannot be exported"):
        parts_of(tiny_pack, "parser")


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riddle_pl.packs.onnx_files.NEEDED", ("onnx", "no_such_library"))
    with pytest.raises(ConfigError, match=r"no_such_library is not installed; run `pip install 'riddle-pl\[onnx\]'`"):
        require_onnx()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mapping", "encoder", "encryptor-df", "code_model", "padded"])
def test_a_file_gives_what_the_network_gives(kind: str, tiny_pack: Pack, tmp_path: Path) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason="the extra onnx is not installed")
    if kind == "padded":
        network, example = padded(3), torch.randn(5, 6, 16).double()
        parts = [Part("coordinates", "encryptor", PaddedCoordinates(network), {"w": example}, "v")]
        parts.append(Part("codes", "encryptor", PaddedCodes(network), {"v": torch.randn(5, 12).double()}, "w"))
    elif kind == "code_model":
        model = GaussianCodeModel((2, 3), 4, dim=16)
        parts = [Part(kind, "encoder", model.eval(), {"v": torch.randn(5, model.size)}, "w")]
    else:
        role = "generator" if kind == "mapping" else kind
        parts = [part for part in parts_of(tiny_pack, role, batch=5) if part.name == kind]
    for part in parts:
        fewer = replace(part, inputs={name: value[:2] for name, value in part.inputs.items()})
        path = tmp_path / f"{part.name}.onnx"
        assert write_onnx(fewer, tiny_pack, path, check=part) <= TOLERANCE
        assert compare(part, path) <= TOLERANCE  # another number of faces than it was traced with
        found = torch.from_numpy(session(path)(part.inputs))
        torch.testing.assert_close(found, part.network(*part.inputs.values()), rtol=1e-4, atol=1e-4)
        took = time_part(fewer, path, rounds=1, threads=1)
        assert took.torch > 0
        assert took.onnx > 0

        with pytest.raises(FileError, match="exists already"):
            write_onnx(fewer, tiny_pack, path, check=part)
        before = path.read_bytes()
        other = replace(part, inputs={name: value + 1.0 for name, value in part.inputs.items()})
        changed = replace(other, network=Shifted(part.network))
        with pytest.raises(PackError, match="other numbers in onnxruntime"):
            write_onnx(fewer, tiny_pack, path, check=changed, overwrite=True)
        assert path.read_bytes() == before


class Shifted(torch.nn.Module):
    """Another network than the one that is written."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.network(*inputs) + 0.01
