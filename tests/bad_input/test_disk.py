"""If this fails, a full or read-only disk leaves half a picture, loses a record, or ends in a traceback."""

import builtins
import errno
import io
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.riddle_command import Riddle

KINDS = {"beside": (), "embed": ("--embed",), "archive": ("--archive", "out/records.zip")}


@contextmanager
def failing_disk(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int, left: int) -> Iterator[list[int]]:
    """Opening a file in ``folder`` for writing fails with ``number`` once ``left`` bytes were written there."""
    room = [left]
    real_open = builtins.open

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            room[0] -= len(data)
            if room[0] < 0:
                raise OSError(number, os.strerror(number))
            return super().write(data)

    def guarded(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        inside = isinstance(file, str | os.PathLike) and Path(file).absolute().is_relative_to(folder)
        if not inside or not set(mode) & set("wxa+"):
            return real_open(file, mode, *args, **options)
        raw = Full(file, mode.replace("b", "").replace("t", ""))
        return raw if "b" in mode else io.TextIOWrapper(raw, encoding="utf-8")

    with monkeypatch.context() as patched:
        patched.setattr(builtins, "open", guarded)
        patched.setattr(io, "open", guarded)
        yield room


@pytest.fixture
def album(riddle: Riddle) -> Riddle:
    """Two photos, and an empty folder for the results."""
    Path("album").mkdir()
    Path("out").mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy("photo.png", f"album/{name}")
    return riddle


def whole_pairs(riddle: Riddle, kind: str) -> None:
    """Every picture in ``out`` can be decrypted, every record has its picture, and nothing else is there."""
    names = {name.removeprefix("out/") for name in riddle.files() if name.startswith("out/")}
    assert not [name for name in names if name.startswith(".") or "tmp" in name], names
    pictures = {Path(name).stem for name in names if name.endswith(".png")}
    if kind == "beside":
        assert {Path(name).stem for name in names if name.endswith(".riddle")} == pictures
    if pictures and kind != "archive":
        shutil.rmtree("back", ignore_errors=True)
        assert riddle.decrypt("out", "-o", "back").status == 0
        assert sum(name.startswith("back/") for name in riddle.files()) == len(pictures)
        shutil.rmtree("back")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_becomes_full_at_any_moment(album: Riddle, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whole results or none, one line; and when there is room again, the job ends well."""
    job = ("album", "-o", "out", "--mode", "sealed", "--jobs", "1", *KINDS[kind])
    out = Path("out").absolute()
    with failing_disk(monkeypatch, out, errno.ENOSPC, 1 << 40) as room:
        assert album.encrypt(*job).status == 0
    needed = (1 << 40) - room[0]
    for left in (0, 100, needed // 3, needed * 9 // 10):
        shutil.rmtree("out")
        out.mkdir()
        with failing_disk(monkeypatch, out, errno.ENOSPC, left):
            result = album.encrypt(*job)
        assert result.status == 2, (left, result)
        assert result.err.startswith("error: out/"), result.err
        assert "no space left" in result.err
        assert result.err.count("\n") == 1
        whole_pairs(album, kind)
    result = album.encrypt(*job)
    assert result.status == 0, result.err
    whole_pairs(album, kind)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT])
def test_a_disk_that_refuses(album: Riddle, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    before = album.files()
    with failing_disk(monkeypatch, Path("out").absolute(), number, 0):
        album.refused(album.encrypt("album", "-o", "out"), os.strerror(number).lower(), before=before)
    assert album.encrypt("photo.png").status == 0
    before = album.files()
    with failing_disk(monkeypatch, album.folder, number, 0):
        result = album.decrypt("photo_anonymised.riddle")
        album.refused(result, "photo_recovered.png", os.strerror(number).lower(), before=before)


def test_a_limit_of_the_system_on_file_sizes(album: Riddle) -> None:
    """The kernel itself refuses, as with a quota."""
    before = album.files()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        result = album.encrypt("album", "-o", "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    album.refused(result, "cannot be written (file too large)", before=before)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("command", [lambda r: r.encrypt("album/a.png"), lambda r: r.encrypt("album")])
def test_a_folder_without_permission(album: Riddle, command: Callable[[Riddle], Any]) -> None:
    Path("album").chmod(0o500)
    try:
        album.refused(command(album), "album", "cannot be written to", before=album.files())
    finally:
        Path("album").chmod(0o700)


def test_a_file_in_the_place_of_a_folder(album: Riddle) -> None:
    before = album.files()
    album.refused(album.encrypt("album", "-o", "pw"), "pw", before=before)
    album.refused(album.encrypt("album", "-o", "pw/below"), "pw", before=before)
    album.refused(album.encrypt("photo.png", "-o", "pw/below.png"), "pw", before=before)
    album.refused(album.encrypt("photo.png/album"), "photo.png", before=before)
