"""A damaged, hostile or newer pack manifest would be half read instead of refused with a line that says why."""

import json
from pathlib import Path
from typing import Any

import pytest

from riddle_pl.errors import PackError
from riddle_pl.packs.manifest import FORMAT_VERSION, TOKENS, Manifest, WeightEntry, read_manifest
from riddle_pl.password import TOKEN_SCHEMES

SHA = "0" * 64


def entry(**changes: Any) -> dict[str, Any]:
    return {"arch": "mlp", "file": "a.safetensors", "format": "safetensors", "sha256": SHA, "args": {}} | changes


def write(folder: Path, **changes: Any) -> Path:
    data = {"format_version": FORMAT_VERSION, "name": "p", "size": 32, "networks": {"encryptor": entry()}} | changes
    path = folder / "manifest.json"
    path.write_text(json.dumps(data))
    return path


def test_round_trip(tmp_path: Path) -> None:
    args = {"num_layers": 8, "groups": [4, 4]}
    original = Manifest("p", 32, {"encryptor": WeightEntry("encryptor", "mlp", "e.safetensors", sha256=SHA, args=args)})
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(original.to_json()))
    assert read_manifest(path) == original
    assert original.num_layers == 8
    assert "num_layers" not in original.to_json()


def test_layers_of_a_generator_of_its_own(tmp_path: Path) -> None:
    borrowed = WeightEntry("parser", "parser_unet", "p.safetensors", sha256=SHA, pack="lite")
    original = Manifest("p", 256, {"parser": borrowed}, 23)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(original.to_json()))
    assert read_manifest(path) == original
    assert read_manifest(path).num_layers == 23


def test_sizes_are_those_of_the_heads_and_of_the_generator() -> None:
    roles = ("head-128", "head-64", "header", "generator")
    networks = {role: WeightEntry(role, "mobile_stylegan", "f", sha256=SHA) for role in roles}
    assert Manifest("p", 128, networks).sizes == (64, 128, 1024)
    assert Manifest("p", 128, {}).sizes == (128,)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format_version": FORMAT_VERSION + 1}, "upgrade riddle-pl"),
        ({"format_version": None}, "format_version is None"),
        ({"format_version": True}, "format_version is True"),
        ({"size": 48}, "size is 48; expected a power of two"),
        ({"size": "32"}, "size is '32'"),
        ({"name": ""}, "name is ''"),
        ({"networks": []}, "networks is []"),
        ({"networks": {"encryptor": 3}}, "networks.encryptor is 3"),
        ({"networks": {"encryptor": entry(sha257=SHA)}}, "unknown keys ['sha257']"),
        ({"networks": {"encryptor": {"arch": "mlp"}}}, "lacks ['file', 'sha256']"),
        ({"networks": {"encryptor": entry(sha256="abc")}}, "sha256 is 'abc'"),
        ({"networks": {"encryptor": entry(sha256=None)}}, "sha256 is None"),
        ({"networks": {"encryptor": entry(format="pickle")}}, "format is 'pickle'; expected one of"),
        ({"networks": {"encryptor": entry(tokens="two")}}, "tokens is 'two'"),
        ({"networks": {"encryptor": entry(args=[1])}}, "args is [1]; expected an object"),
        ({"networks": {"../evil": entry()}}, "role is '../evil'"),
        ({"networks": {"encryptor": entry(pack="../lite")}}, "pack is '../lite'; expected one of lite, mobile"),
        ({"networks": {"encryptor": entry(pack="lite", url="https://a.org/b")}}, "url is 'https://a.org/b'"),
        ({"networks": {"encryptor": entry(url="file:///etc/passwd")}}, "url is 'file:///etc/passwd'"),
        ({"networks": {"encryptor": entry(url="pypi:a")}}, "url is 'pypi:a'"),
        ({"networks": {"encryptor": entry(url="pypi:--index-url=https://a.org==1")}}, "url is 'pypi:--index"),
        ({"networks": {"encryptor": entry(url="pypi:a==1 --pre")}}, "url is 'pypi:a==1 --pre'"),
        ({"num_layers": 0}, "num_layers is 0; expected 1 to 32"),
        ({"num_layers": True}, "num_layers is True"),
        ({"num_layers": "23"}, "num_layers is '23'"),
        ({"num_layers": 33}, "num_layers is 33"),
    ],
)
def test_every_fault_is_one_line_that_names_the_file(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(PackError) as caught:
        read_manifest(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["/etc/passwd", "../a", "a/../../b", "C:\\x", "c:x", "", ".", "a\0b", "..\\a"])
def test_files_stay_inside_the_pack(tmp_path: Path, file: str) -> None:
    path = write(tmp_path, networks={"encryptor": entry(file=file)})
    with pytest.raises(PackError, match="stays inside the pack"):
        read_manifest(path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b"3"])
def test_not_a_manifest(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(PackError, match=r"manifest\.json"):
        read_manifest(path)


def test_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="is missing"):
        read_manifest(tmp_path / "manifest.json")


def test_token_names_are_those_of_the_password_module() -> None:
    assert set(TOKENS) == set(TOKEN_SCHEMES)
