"""If this fails, a pack that somebody makes loses networks, names wrong files, or takes what does not belong to it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from riddle_pl.errors import CheckpointError, FileError, PackError
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.pack_names import PUBLIC
from riddle_pl.packs import Manifest, Pack, load_pack
from riddle_pl.packs.install import import_file
from riddle_pl.packs.own import add_network, copy_pack, new_pack
from riddle_pl.packs.public import PUBLIC_PACKS
from tests.tiny_pack import NETWORKS


@pytest.fixture
def public(tiny_pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pack:
    """The tiny networks as the public pack ffhq256: no hash is published, and only the encryptor was not imported."""
    networks = {role: replace(tiny_pack.entry(role), sha256=None) for role in NETWORKS}
    manifest = Manifest("ffhq256", tiny_pack.size, networks, tiny_pack.num_layers)
    monkeypatch.setitem(PUBLIC_PACKS, "ffhq256", manifest)
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path / "home"))
    for role in NETWORKS:
        if role != "encryptor":
            import_file(load_pack("ffhq256"), role, tiny_pack.path(role))
    return load_pack("ffhq256")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_manifest_knows_the_public_packs() -> None:
    assert set(PUBLIC) == set(PUBLIC_PACKS)


def test_a_new_pack_uses_the_files_of_a_public_one(public: Pack, tmp_path: Path) -> None:
    new_pack(public, tmp_path / "mine")
    mine = load_pack(tmp_path / "mine")
    assert files(tmp_path / "mine") == {"manifest.json"}
    assert set(mine.roles) == set(NETWORKS) - {"encryptor"}  # which is not there, and nobody knows its hash
    assert mine.fingerprint("generator") == public.fingerprint("generator")  # records and checkpoints go with both
    assert mine.path("generator") == public.path("generator")
    mine.load("generator")
    public.path("generator").write_bytes(b"another")
    with pytest.raises(PackError, match=r"get it from random, then run `riddle weights import .* --pack ffhq256`"):
        mine.load("generator")


def test_an_encryptor_joins_the_networks_of_a_public_pack(public: Pack, tiny_pack: Pack, tmp_path: Path) -> None:
    new_pack(public, tmp_path / "mine")
    add_network(tmp_path / "mine", "encryptor", tiny_pack.path("encryptor"))
    mine = load_pack(tmp_path / "mine")
    assert mine.encryptor()[1].name == tiny_pack.encryptor()[1].name
    assert mine.expected_sha256("encryptor") == tiny_pack.expected_sha256("encryptor")
    assert files(tmp_path / "mine") == {"manifest.json", "encryptor.safetensors"}


def test_a_copy_needs_no_other_pack(public: Pack, tmp_path: Path) -> None:
    copy_pack(public, tmp_path / "copy", name="whole")
    shutil.rmtree(public.folder)
    copy = load_pack(tmp_path / "copy")
    assert copy.name == "whole"
    for role in set(NETWORKS) - {"encryptor"}:
        copy.load(role)


def test_a_pack_from_a_folder_has_its_files_and_cards(tiny_pack: Pack, tmp_path: Path) -> None:
    base = shutil.copytree(tiny_pack.folder, tmp_path / "base")
    (base / "encryptor.md").write_text("# A card\n", encoding="utf-8")
    new_pack(load_pack(base), tmp_path / "mine")
    assert files(tmp_path / "mine") == files(base)
    (base / "generator.safetensors").write_bytes(b"x")
    with pytest.raises(PackError, match="damaged"):
        copy_pack(load_pack(base), tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("make", [new_pack, copy_pack])
def test_nothing_is_written_over(tiny_pack: Pack, tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "mine").mkdir()
    make(tiny_pack, tmp_path / "mine")
    before = (tmp_path / "mine" / "manifest.json").read_text(encoding="utf-8")
    with pytest.raises(FileError, match="exists already"):
        make(tiny_pack, tmp_path / "mine")
    assert (tmp_path / "mine" / "manifest.json").read_text(encoding="utf-8") == before
    with pytest.raises(PackError, match="cannot be the name"):
        make(tiny_pack, tmp_path / "other", name="lite")


def test_a_role_that_is_taken_and_a_file_that_says_nothing(tiny_pack: Pack, tmp_path: Path) -> None:
    new_pack(tiny_pack, tmp_path / "mine")
    with pytest.raises(PackError, match="has a network encryptor already"):
        add_network(tmp_path / "mine", "encryptor", tiny_pack.path("encryptor-df"))
    add_network(tmp_path / "mine", "encryptor", tiny_pack.path("encryptor-df"), overwrite=True)
    assert load_pack(tmp_path / "mine").entry("encryptor").arch == "involutive"
    lone = Path(shutil.copy(tiny_pack.path("encryptor"), tmp_path / "lone.safetensors"))
    with pytest.raises(PackError, match="does not say which network it is"):
        add_network(tmp_path / "mine", "encryptor-2", lone)


def test_a_file_that_its_manifest_does_not_name_as_it_is(tiny_pack: Pack, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_pack.folder, tmp_path / "other")
    shutil.copy(other / "encryptor-df.safetensors", other / "encryptor.safetensors")
    new_pack(tiny_pack, tmp_path / "mine")
    with pytest.raises(PackError, match="is not the file that"):
        add_network(tmp_path / "mine", "encryptor-2", other / "encryptor.safetensors")


def test_an_encryptor_of_another_generator(tiny_pack: Pack, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_pack.folder, tmp_path / "other")
    manifest = other / "manifest.json"
    manifest.write_text(manifest.read_text().replace(tiny_pack.entry("generator").sha256 or "", "0" * 64))
    new_pack(tiny_pack, tmp_path / "mine")
    with pytest.raises(PackError, match="belongs to generator 000000"):
        add_network(tmp_path / "mine", "encryptor-2", other / "encryptor.safetensors")


def test_a_checkpoint_of_the_authors_joins_a_pack_of_their_size(tmp_path: Path) -> None:
    """Into a pack that has no encryptor: the public pack of its size says how the file is read."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"format_version": 1, "name": "mine", "size": 256, "networks": {}}')
    small = TransformerPaperEncryptor(14, dim=16, heads=4, ffn=8)
    torch.save({"mapper_state_dict": small.state_dict()}, tmp_path / "iteration_7.pt")
    entry = add_network(folder, "encryptor", tmp_path / "iteration_7.pt")
    assert (entry.tokens, entry.format, entry.file) == ("single", "riddle", "encryptor.pt")
    assert load_pack(folder).encryptor()[0].num_layers == 14
    torch.save({"mapper_state_dict": {}}, tmp_path / "iteration_8.pt")
    with pytest.raises(CheckpointError):
        add_network(folder, "encryptor", tmp_path / "iteration_8.pt", overwrite=True)
    assert load_pack(folder).encryptor()[0].num_layers == 14
