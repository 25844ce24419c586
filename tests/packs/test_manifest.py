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
