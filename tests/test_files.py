"""If this fails, an interrupted or failed command can destroy a user's file or leave half of one."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from riddle_pl.errors import FileError, PhotoError
from riddle_pl.files import (
    atomic_write,
    read_json,
    require_file,
    require_writable_dir,
    require_writable_file,
    sha256_file,
)

needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


def test_sha256(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"riddle" * 400_000)  # more than one chunk
    assert sha256_file(path) == hashlib.sha256(b"riddle" * 400_000).hexdigest()
    with pytest.raises(FileError, match="cannot be read"):
        sha256_file(tmp_path / "absent")


def test_write_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    with atomic_write(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_everything_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")

    def fail() -> None:
        with atomic_write(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_full_disk_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"out.txt cannot be written \(no space"), atomic_write(tmp_path / "out.txt"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_other_os_errors_of_the_block_are_not_renamed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "out.txt"):
        (tmp_path / "absent").read_text()


def test_refuses_to_overwrite_when_told(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(FileError, match="exists already"), atomic_write(target, overwrite=False) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "old"
    with atomic_write(tmp_path / "fresh.txt", overwrite=False) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "fresh.txt").read_text() == "new"
    late = tmp_path / "late.txt"

    def race() -> None:
        with atomic_write(late, overwrite=False) as temporary:
            temporary.write_text("new")
            late.write_text("another program's")

    with pytest.raises(FileError, match="appeared meanwhile"):
        race()
    assert late.read_text() == "another program's"


def test_the_contents_are_on_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a power cut after the rename would leave an empty file in place of the old one."""
    steps = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: steps.append("fsync") or sync(number))
    monkeypatch.setattr(Path, "replace", lambda self, to: steps.append("replace") or replace(self, to))
    with atomic_write(tmp_path / "out.txt") as temporary:
        assert temporary.name.startswith(".out.")
        temporary.write_text("new")
    assert steps == ["fsync", "replace"]


def test_no_file_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of ten thousand photos would run out of them."""
    opened, closed = [], []
    open_, close = os.open, os.close
    monkeypatch.setattr(os, "open", lambda *args: opened.append(open_(*args)) or opened[-1])
    monkeypatch.setattr(os, "close", lambda number: closed.append(number) or close(number))
    with atomic_write(tmp_path / "out.txt") as temporary:
        temporary.write_text("new")
    assert opened
    assert sorted(closed) == sorted(opened)


def test_writing_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nothing was written"), atomic_write(tmp_path / "out.txt"):
        pass


def test_follows_links_and_keeps_devices(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    with pytest.raises(FileError, match="not an ordinary file"), atomic_write(os.devnull):
        pass


def test_links_do_not_lead_out_of_a_folder_that_may_be_anyone_s(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "real.txt").write_text("old")
    (folder / "in.txt").symlink_to("real.txt")
    (folder / "out.txt").symlink_to(tmp_path / "outside.txt")
    with atomic_write(folder / "in.txt", inside=folder) as temporary:
        temporary.write_text("new")
    assert (folder / "real.txt").read_text() == "new"
    with (
        pytest.raises(FileError, match=r"leads out of .*, to .*outside"),
        atomic_write(folder / "out.txt", inside=folder) as temporary,
    ):
        temporary.write_text("new")
    (tmp_path / "other_name").symlink_to(folder)  # a folder that is reached through a link is still itself
    with atomic_write(tmp_path / "other_name" / "in.txt", inside=tmp_path / "other_name") as temporary:
        temporary.write_text("newer")
    assert not (tmp_path / "outside.txt").exists()


def test_a_link_to_nothing_is_in_the_way_where_nothing_may_be_overwritten(tmp_path: Path) -> None:
    """Else a folder of photos from a stranger would say where on the disk its encrypted pictures are written."""
    link = tmp_path / "photo_anonymised.png"
    link.symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(FileError, match="exists already"), atomic_write(link, overwrite=False) as temporary:
        temporary.write_text("new")
    assert not (tmp_path / "elsewhere.png").exists()


def test_json_is_read_with_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, "ü"]}', encoding="utf-8")
    assert read_json(path) == {"a": [1, "ü"]}
    size = path.stat().st_size
    assert read_json(path, max_bytes=size) == {"a": [1, "ü"]}
    with pytest.raises(ValueError, match="larger than"):
        read_json(path, max_bytes=size - 1)
    path.write_text("[1]", encoding="utf-16")
    with pytest.raises(ValueError, match="utf-8"):
        read_json(path)
    for content, error in (
        ("[" * 100_000, "without end"),
        ("9" * 5000, "digits"),
        ("{", "Expecting"),
        ("\xff", "utf-8"),
    ):
        path.write_bytes(content.encode("latin-1"))
        with pytest.raises(ValueError, match=error):
            read_json(path)
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "gone.json")
    os.mkfifo(tmp_path / "pipe.json")
    for odd in (tmp_path, tmp_path / "pipe.json"):
        with pytest.raises(OSError, match="not an ordinary file"):
            read_json(odd)


def test_missing_folder_and_folder_in_the_way(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match=r"^folder of output .*absent does not exist"),
        atomic_write(tmp_path / "absent" / "out.txt"),
    ):
        pass
    with pytest.raises(FileError, match="not an ordinary file"):
        require_writable_file(tmp_path)
    (tmp_path / "old").touch()
    assert require_writable_file(tmp_path / "old") == tmp_path / "old"


def test_require_file(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    with pytest.raises(PhotoError, match=r"photo .*photo.png does not exist"):
        require_file(path, "photo", PhotoError)
    path.touch()
    assert require_file(str(path)) == path
    with pytest.raises(FileError, match="is a folder"):
        require_file(tmp_path)
    with pytest.raises(FileError, match="cannot be reached"):
        require_file("a" * 5000)
    with pytest.raises(FileError):
        require_file("nul\0byte")


def test_require_writable_dir(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        require_writable_dir(tmp_path / "a" / "b")
    for _ in range(2):  # a folder that is there already is as good
        assert require_writable_dir(tmp_path / "a" / "b", create=True).is_dir()
    file = tmp_path / "file"
    file.touch()
    for create in (False, True):
        with pytest.raises(FileError, match="is a file"):
            require_writable_dir(file, create=create)
    with pytest.raises(FileError, match="cannot be made or reached"):
        require_writable_dir(file / "below", create=True)


@pytest.mark.parametrize("denied", [os.R_OK, os.W_OK, os.X_OK])
def test_each_permission_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, denied: int) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & denied)
    if denied == os.R_OK:
        with pytest.raises(FileError, match="cannot be read; check its permissions"):
            require_file(file)
        assert require_writable_dir(tmp_path) == tmp_path
    else:
        assert require_file(file) == file
        with pytest.raises(FileError, match="cannot be written to"):
            require_writable_dir(tmp_path)


@needs_permissions
def test_unwritable_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="cannot be written to"), atomic_write(tmp_path / "out.txt"):
        pass
