"""If this fails, photos in a folder or archive are overlooked, or a broken archive goes unnoticed."""

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from riddle_pl.data.sources import FolderSource, TarSource, open_source
from riddle_pl.errors import DataError
from tests.data.conftest import png, write_images


def write_tar(
    path: Path, count: int, mode: str = "w", first: int = 0, others: Mapping[str, bytes] = MappingProxyType({})
) -> Path:
    """Pictures ``faces/0.jpg``, ... of the seeds from ``first`` on, and other files."""
    pictures = {f"faces/{i}.jpg": png(first + i) for i in range(count)}
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in {**pictures, **others}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_folder_is_searched_in_full_and_in_order(tmp_path: Path) -> None:
    write_images(tmp_path, 2, pattern="b/{}.JPG")
    write_images(tmp_path, 1, pattern="a/deep/er/{}.webp")
    for other in ("notes.txt", ".hidden.png", "b/list.csv"):
        (tmp_path / other).write_text("x")
    source = FolderSource(tmp_path)
    assert source.list_keys() == ["a/deep/er/0.webp", "b/0.JPG", "b/1.JPG"]
    assert source.read("b/1.JPG") == png(1)


def test_links_to_folders_are_followed_and_no_folder_is_read_twice(tmp_path: Path) -> None:
    elsewhere = write_images(tmp_path / "elsewhere", 2)
    root = write_images(tmp_path / "photos", 1, pattern="b/{}.png")
    (root / "a").symlink_to(elsewhere)
    (root / "again").symlink_to(root / "b")
    (root / "b" / "back").symlink_to(root)
    (root / "gone").symlink_to(tmp_path / "nowhere")
    assert FolderSource(root).list_keys() == ["a/00000.png", "a/00001.png", "b/0.png"]


def test_a_stamp_changes_when_a_file_is_written_whatever_its_date(tmp_path: Path) -> None:
    source = FolderSource(write_images(tmp_path / "photos", 1))
    before, path = source.stamp("00000.png"), tmp_path / "photos" / "00000.png"
    assert source.stamp("00000.png") == before
    date = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(date, date))
    assert source.stamp("00000.png") != before
    archive = TarSource(write_tar(tmp_path / "x.tar", 2))
    assert len({archive.stamp(key) for key in archive.list_keys()}) == 2


def test_tar_is_read_without_unpacking(tmp_path: Path) -> None:
    source = TarSource(write_tar(tmp_path / "x.tar", 3))
    assert source.list_keys() == ["faces/0.jpg", "faces/1.jpg", "faces/2.jpg"]
    assert [source.read(key) for key in source.list_keys()] == [png(i) for i in range(3)]
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_several_sources_keep_their_files_apart(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "x.tar", 2)
    folder = write_images(tmp_path / "x", 1)
    source = open_source([archive, folder])
    assert source.list_keys() == ["0-x/faces/0.jpg", "0-x/faces/1.jpg", "1-x/00000.png"]
    assert source.read("0-x/faces/1.jpg") == png(1)


@pytest.mark.parametrize("name", ["none", "none.tar"])
def test_missing_source(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=rf"{name}.*does not exist"):
        open_source(tmp_path / name)
    with pytest.raises(DataError, match="empty list"):
        open_source([])


def test_bad_archives(tmp_path: Path) -> None:
    compressed = tmp_path / "compressed.tar"
    write_tar(compressed, 1, "w:gz")
    garbage = tmp_path / "garbage.tar"
    garbage.write_bytes(b"not an archive" * 100)
    for path in (compressed, garbage):
        with pytest.raises(DataError, match=path.name):
            open_source(path)


def test_archive_cut_short_is_named_at_the_file(tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "x.tar", 2)
    source = TarSource(whole)
    whole.write_bytes(whole.read_bytes()[: 512 * 2 + 700])
    with pytest.raises(OSError, match="cut short"):
        source.read("faces/1.jpg")


def test_damage_behind_the_first_file_is_no_end(tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "a.tar", 3)
    content = bytearray(whole.read_bytes())
    with tarfile.open(whole) as tar:
        second, third = tar.getmembers()[1:]
    content[second.offset] ^= 1
    (tmp_path / "flipped.tar").write_bytes(content)
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[: third.offset])
    (tmp_path / "joined.tar").write_bytes(2 * whole.read_bytes())
    for name, expected in (("flipped", "damaged at byte"), ("cut", "cut short"), ("joined", "another archive follows")):
        with pytest.raises(DataError, match=rf"{name}\.tar.*{expected}"):
            TarSource(tmp_path / f"{name}.tar")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", 1)
    write_tar(path, 1, mode="a", first=1)
    with pytest.raises(DataError, match=r"two files 'faces/0\.jpg'"):
        TarSource(path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(png(0))
    with pytest.raises(DataError, match="neither a folder nor a tar archive"):
        FolderSource(tmp_path / "photo.jpg")
