"""If this fails, a pack from a stranger takes all memory, steers the terminal, or has our files written elsewhere."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from riddle_pl.errors import FileError, PackError
from riddle_pl.evaluation.audits.report import write_picture
from riddle_pl.packs import build, load_pack
from riddle_pl.packs.card import put_section
from riddle_pl.packs.store import record_hash, recorded_hashes
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.training.curves import write_curves
from tests.bad_input.crafted import Marks, one_line
from tests.tiny_pack import LAYERS, MOBILEFACENET, NETWORKS

CROP = NETWORKS["recogniser"][1]["crop"]
BACKBONE = NETWORKS["recogniser"][1]["backbone"]


@pytest.fixture
def folder(tiny_pack_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_pack_folder, tmp_path / "pack"))


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)


def edit(folder: Path, role: str, **changes: Any) -> Path:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    data["networks"][role] |= changes
    path.write_text(json.dumps(data))
    return folder


def recogniser(**changes: Any) -> dict[str, Any]:
    return {"backbone": BACKBONE, "crop": CROP, "input_size": [32, 32]} | changes


def nested_recogniser(times: int) -> dict[str, Any]:
    backbone = dict(BACKBONE)
    for _ in range(times):
        backbone = {"arch": "aligned_recogniser", "args": recogniser(backbone=backbone)}
    return recogniser(backbone=backbone)


CRAFTED: list[tuple[str, dict[str, Any], str]] = [
    ("encryptor", {"arch": "pathlib.Path.unlink"}, "architecture 'pathlib.Path.unlink' is unknown"),
    ("encryptor", {"arch": "encryptor_mlp.MLPEncryptor"}, "is unknown"),
    ("encryptor", {"arch": "os.system", "args": {"command": "true"}}, "is unknown"),
    ("encryptor", {"args": {"num_layers": 10**9}}, "num_layers is 1000000000; expected a whole number"),
    ("encryptor", {"args": {"num_layers": LAYERS, "depth": 16_000}}, "far too many parts"),
    ("encryptor", {"args": {"num_layers": LAYERS, "dim": 16_000, "depth": 20}}, "weights; at most"),
    ("encryptor", {"args": {"num_layers": LAYERS, "dim": {"_target_": "numpy.save"}}}, "dim is"),
    ("encryptor", {"args": {"num_layers": LAYERS, "_target_": "os.system"}}, "no argument '_target_'"),
    ("generator", {"args": {"size": 2**14}}, "channels lack"),
    ("generator", {"args": {"size": 2**14, "channels": {str(2**k): 1 for k in range(2, 15)}}}, "weights; at most"),
    ("generator", {"args": {"size": 32, "channels": {"4": "os.system"}}}, "channels is 'os.system'"),
    ("generator", {"args": {"size": 32, "channels": {"x" * 10**5: 4}}}, "channels is"),
    ("generator", {"args": {"size": 32, "channels": {str(k): 4 for k in range(1000)}}}, "channels is"),
    ("generator", {"args": {"size": 0}}, "stylegan2 cannot be built"),
    ("recogniser", {"args": nested_recogniser(1)}, "backbone names no architecture; choose from facenet"),
    ("recogniser", {"args": nested_recogniser(200)}, "backbone names no architecture"),
    ("recogniser", {"args": recogniser(backbone={"arch": "mlp", "args": {"num_layers": 8}})}, "backbone names no"),
    ("recogniser", {"args": recogniser(backbone="mobilefacenet")}, "backbone names no"),
    ("recogniser", {"args": recogniser(backbone={"arch": ["mobilefacenet"]})}, "backbone names no"),
    ("recogniser", {"args": recogniser(backbone={"arch": "mobilefacenet", "args": 3})}, "the backbone has arguments 3"),
    (
        "recogniser",
        {"args": recogniser(backbone={"arch": "mobilefacenet", "args": MOBILEFACENET | {"width": 1e300}})},
        "width is 1e\\+300",
    ),
    ("recogniser", {"args": recogniser(input_size=[10**6, 10**6])}, "input_size is 1000000"),
    ("recogniser", {"args": recogniser(input_size=[16_000, 16_000])}, "expected sides from 1 to 1024"),
    ("recogniser", {"args": recogniser(input_size=[0, 32])}, "expected sides from 1 to 1024"),
    ("recogniser", {"args": recogniser(input_size=[32])}, "expected a list of 2"),
    ("recogniser", {"args": recogniser(crop={"top": 0.0})}, "lacks the argument bottom"),
    ("recogniser", {"args": recogniser(crop=CROP | {"top": 2.0})}, "is not inside the image"),
    ("recogniser", {"args": recogniser(crop=3)}, "crop is 3"),
    ("recogniser", {"args": recogniser(more=1)}, "other arguments than crop and input_size"),
    ("parser", {"args": {"classes": 19, "widths": [2] * 1000}}, "expected a list of at most 64"),
    ("perceptual", {"args": {"widths": []}}, "pack_features cannot be built"),
]


@pytest.mark.parametrize(("role", "changes", "expected"), CRAFTED, ids=range(len(CRAFTED)))
def test_arguments_that_no_network_has_are_one_line(
    role: str, changes: dict[str, Any], expected: str, folder: Path
) -> None:
    with pytest.raises(PackError, match=expected) as error:
        load_pack(edit(folder, role, **changes)).load(role)
    one_line(error.value)


@pytest.mark.parametrize("file_format", ["irse50", "mobilefacenet", "facenet", "sphereface", "ncnn_mobilefacenet"])
def test_a_public_format_without_its_crop_is_one_line(file_format: str, folder: Path, monkeypatch: Any) -> None:
    for place in (
        "formats.checkpoints.load_irse50",
        "formats.checkpoints.load_mobilefacenet",
        "formats.evaluator_checkpoints.load_facenet",
        "formats.evaluator_checkpoints.load_sphereface",
        "formats.ncnn_weights.load_ncnn_mobilefacenet",
    ):
        monkeypatch.setattr(f"riddle_pl.networks.{place}", lambda path: build("mobilefacenet", MOBILEFACENET))
    for args in ({}, {"crop": CROP, "input_size": ["32", 32]}):
        with pytest.raises(PackError, match="a recogniser"):
            load_pack(edit(folder, "recogniser", format=file_format, args=args)).load("recogniser")


def test_a_network_of_another_kind_is_no_encryptor(folder: Path) -> None:
    for changes in ({}, {"format": "parsenet", "arch": "mlp"}):
        with pytest.raises(PackError, match=r"parser has password tokens and is a \w+; expected an encryptor"):
            load_pack(edit(folder, "parser", tokens="single", **changes)).encryptor("parser")


MANIFESTS: list[tuple[bytes, str]] = [
    (b"[" * 100_000, "lists within lists without end"),
    (b'{"format_version": ' + b"9" * 5000 + b"}", "cannot be read"),
    (b'{"format_version": 1, "name": "a\\u001b[2Jb", "size": 32, "networks": {}}', "name is"),
    (b'{"format_version": 1, "name": "p", "size": 1099511627776, "networks": {}}', "from 8 to 4096"),
    (b'{"format_version": 1, "name": "p", "size": 32, "networks": {"../x": {}}}', "lacks"),
    (b'{"format_version": 1, "name": "p", "size": 32, "networks": "' + b"x" * 10**5 + b'"}', "networks is"),
    (b" " * (1 << 20) + b"{}", "larger than 1 MiB"),
]


@pytest.mark.parametrize(("content", "expected"), MANIFESTS, ids=range(len(MANIFESTS)))
def test_a_crafted_manifest_is_one_line(content: bytes, expected: str, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(PackError, match=expected) as error:
        load_pack(folder)
    one_line(error.value)


@pytest.mark.parametrize("key", ["license", "origin", "citation", "url", "arch", "file"])
def test_texts_that_would_steer_the_terminal_are_refused(key: str, folder: Path) -> None:
    expected = "https://" if key == "url" else "printable characters"
    evil = ("https://a" if key == "url" else "a") + "\x1b]0;evil\x07b"
    with pytest.raises(PackError, match=f"{key} is .*; expected {expected}") as error:
        load_pack(edit(folder, "parser", **{key: evil}))
    one_line(error.value)


def test_a_manifest_that_is_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    with pytest.raises(PackError, match="not an ordinary file"):
        load_pack(folder)


def test_weights_that_are_a_device_are_not_read(folder: Path) -> None:
    (folder / "parser.safetensors").unlink()
    (folder / "parser.safetensors").symlink_to("/dev/zero")
    with pytest.raises(PackError, match="is missing"):
        load_pack(folder).load("parser")


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("encryptor-df.safetensors", True),
        ("encryptor-df.safetensors", False),
        ("encryptor-df.md", True),
        ("encryptor-df.md", False),
        ("manifest.json", True),
    ],
)
def test_an_export_does_not_follow_a_link_out_of_the_pack(name: str, there: bool, folder: Path, marks: Marks) -> None:
    """Somebody's pack has a link in the place of a file that an export writes; it led into the user's own files."""
    arch, args, extra = NETWORKS["encryptor-df"]
    target = marks.stays if there else marks.appears
    if name == "manifest.json":
        shutil.copy(folder / name, target)
    before = target.read_bytes() if there else None
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target)
    with pytest.raises(FileError, match="is a link that leads out of") as error:
        write_pack_entry(folder, "encryptor-df", build(arch, args), arch, args, card="# New", overwrite=True, **extra)
    one_line(error.value)
    assert (target.read_bytes() if target.exists() else None) == before


def test_cards_and_pictures_do_not_follow_links_out_of_the_pack(folder: Path, marks: Marks, tmp_path: Path) -> None:
    (folder / "parser.md").symlink_to(marks.stays)
    with pytest.raises(FileError, match="leads out of"):
        put_section(folder, "parser", "## Audit\n\nnew")
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "pictures").symlink_to(outside)
    with pytest.raises(FileError, match="leads out of"):
        write_picture(folder / "pictures", "a", Image.new("RGB", (2, 2)), inside=folder)
    (folder / "encryptor.md").write_text("# Encryptor\n")
    log = tmp_path / "metrics.csv"
    log.write_text("step,loss/total\n0,1\n1,2\n")
    with pytest.raises(FileError, match="leads out of"):
        write_curves([log], folder, "encryptor")
    assert marks.nothing_ran
    assert list(outside.iterdir()) == []


def test_a_link_inside_the_pack_is_followed(folder: Path) -> None:
    """So that the tests above do not pass for a wrong reason."""
    (folder / "real.md").write_text("# Parser\n")
    (folder / "parser.md").symlink_to("real.md")
    put_section(folder, "parser", "## Audit\n\nnew")
    assert "new" in (folder / "real.md").read_text()


@pytest.mark.parametrize("content", [b"[" * 100_000, b"[1]", b'{"a": 3}', b"\xff", b"1" * 5000])
def test_a_crafted_lock_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_bytes(content)
    with pytest.raises(PackError, match=r"lock\.json is damaged"):
        recorded_hashes(tmp_path)


def test_a_lock_file_that_is_a_link_is_not_written_through(tmp_path: Path, marks: Marks) -> None:
    marks.stays.write_text("{}")
    home = tmp_path / "home"
    home.mkdir()
    (home / "lock.json").symlink_to(marks.stays)
    with pytest.raises(FileError, match="leads out of"):
        record_hash(home, "a.pt", "0" * 64)
    assert marks.stays.read_text() == "{}"


def test_the_tiny_pack_passes(folder: Path) -> None:
    """So that the tests above do not pass for a wrong reason."""
    pack = load_pack(folder)
    assert all(pack.load(role) is not None for role in pack.roles)
