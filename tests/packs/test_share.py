"""If this fails, a shared pack arrives in parts, or a stranger's archive writes where it pleases."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from riddle_pl.errors import FileError, PackError
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.own import copy_pack
from riddle_pl.packs.share import SUMS, open_archive, share_pack
from tests.tiny_pack import NETWORKS

Contents = dict[str, bytes]


@pytest.fixture(scope="module")
def archive(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    copy_pack(tiny_pack, folder / "mine")
    (folder / "mine" / "encryptor.md").write_text("# Mine\n", encoding="utf-8")
    (folder / "mine" / "notes.txt").write_text("not a part of the pack", encoding="utf-8")
    assert share_pack(load_pack(folder / "mine"), folder / "mine.zip") == []
    return folder / "mine.zip"


def contents(archive: Path) -> Contents:
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def repacked(files: Contents, path: Path, compression: int = zipfile.ZIP_STORED, sums: bool = True) -> Path:
    """An archive of these files, with hashes that are right."""
    if sums:
        lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items() if name != SUMS]
        files = {**files, SUMS: "".join(lines).encode()}
    with zipfile.ZipFile(path, "w", compression) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def test_what_was_shared_is_what_arrives(archive: Path, tmp_path: Path) -> None:
    open_archive(archive, tmp_path / "theirs")
    theirs, mine = load_pack(tmp_path / "theirs"), load_pack(archive.parent / "mine")
    assert theirs.manifest == mine.manifest
    assert theirs.hash == mine.hash
    for role in NETWORKS:
        theirs.load(role)
    assert (tmp_path / "theirs" / "encryptor.md").read_text(encoding="utf-8") == "# Mine\n"
    assert not (tmp_path / "theirs" / "notes.txt").exists()
    with pytest.raises(FileError, match="exists already"):
        open_archive(archive, tmp_path / "theirs")


def test_the_same_pack_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    share_pack(load_pack(archive.parent / "mine"), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    with pytest.raises(FileError, match="exists already"):
        share_pack(load_pack(archive.parent / "mine"), tmp_path / "again.zip")


def test_networks_of_built_in_packs_are_named_and_not_put_in(tmp_path: Path) -> None:
    from riddle_pl.packs.own import new_pack

    new_pack(load_pack("lite"), tmp_path / "mine")
    left = share_pack(load_pack(tmp_path / "mine"), tmp_path / "mine.zip")
    assert "generator" in left
    assert set(contents(tmp_path / "mine.zip")) == {SUMS, "manifest.json"}
    open_archive(tmp_path / "mine.zip", tmp_path / "theirs")
    assert load_pack(tmp_path / "theirs").hash == load_pack("lite").hash
    with pytest.raises(PackError, match="comes with riddle-pl"):
        share_pack(load_pack("lite"), tmp_path / "lite.zip")


def test_a_changed_network_is_not_shared(tiny_pack: Pack, tmp_path: Path) -> None:
    copy_pack(tiny_pack, tmp_path / "mine")
    (tmp_path / "mine" / "parser.safetensors").write_bytes(b"x")
    with pytest.raises(PackError, match="damaged"):
        share_pack(load_pack(tmp_path / "mine"), tmp_path / "mine.zip")
    assert not (tmp_path / "mine.zip").exists()


def added(name: str, data: bytes = b"x") -> Callable[[Contents], Contents]:
    return lambda files: {**files, name: data}


def without(name: str) -> Callable[[Contents], Contents]:
    return lambda files: {other: data for other, data in files.items() if other != name}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (added("../out.md"), "no file of a pack"),
        (added("/out.md"), "no file of a pack"),
        (added("a\\b.md"), "no file of a pack"),
        (added("pictures/../../out.jpg"), "no file of a pack"),
        (added("deep/er/card.md"), "no file of a pack"),
        (added("run.py"), "neither a network nor a card"),
        (added("ENCRYPTOR.md"), "two entries of one name"),
        (added("encryptor.safetensors"), "is not the file that its manifest names"),
        (without("encryptor.safetensors"), r"lacks encryptor\.safetensors"),
        (without("manifest.json"), r"has no manifest\.json"),
        (added("manifest.json", b"{}"), "format_version"),
        (lambda files: {**files, **{f"{index}.md": b"" for index in range(600)}}, "at most 500"),
    ],
)
def test_what_no_pack_has_is_refused(
    archive: Path, tmp_path: Path, change: Callable[[Contents], Contents], expected: str
) -> None:
    bad = repacked(change(contents(archive)), tmp_path / "bad.zip")
    with pytest.raises(PackError, match=expected):
        open_archive(bad, tmp_path / "in" / "theirs")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"bad.zip"}


def test_bytes_that_changed_on_the_way_are_named(archive: Path, tmp_path: Path) -> None:
    files = contents(archive)
    card = repacked({**files, "encryptor.md": b"# Yours"}, tmp_path / "card.zip", sums=False)
    with pytest.raises(PackError, match=r"encryptor\.md has sha256"):
        open_archive(card, tmp_path / "theirs")
    with pytest.raises(PackError, match="does not name the files that are in it"):
        open_archive(repacked({**files, SUMS: b""}, tmp_path / "sums.zip", sums=False), tmp_path / "theirs")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(PackError, match="no zip file or is damaged"):
        open_archive(cut, tmp_path / "theirs")
    assert not (tmp_path / "theirs").exists()


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(archive: Path, tmp_path: Path) -> None:
    bomb = repacked({**contents(archive), "bomb.md": bytes(1 << 20)}, tmp_path / "bomb.zip", zipfile.ZIP_DEFLATED)
    with pytest.raises(PackError, match="is compressed, encrypted or too large"):
        open_archive(bomb, tmp_path / "theirs")


def test_only_a_shared_pack_is_replaced(archive: Path, tmp_path: Path) -> None:
    other = repacked({"mine.txt": b"my own"}, tmp_path / "other.zip")
    before = other.read_bytes()
    mine = load_pack(archive.parent / "mine")
    with pytest.raises(FileError, match="is left as it is"):
        share_pack(mine, other, overwrite=True)
    assert other.read_bytes() == before
    share_pack(mine, tmp_path / "again.zip")
    share_pack(mine, tmp_path / "again.zip", overwrite=True)
