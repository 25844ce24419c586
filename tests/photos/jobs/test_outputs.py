"""If this fails, a killed run leaves half a pair, loses a record, or a file of the user is overwritten."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import FileError
from riddle_pl.files import writing_to
from riddle_pl.photos.jobs.metadata import COVERED_NOTE, SYNTHETIC, SYNTHETIC_NOTE, is_covered
from riddle_pl.photos.jobs.outputs import (
    check_picture,
    check_picture_name,
    finish_pair,
    picture_beside,
    picture_bytes,
    save_pair,
    save_picture,
    sweep,
)
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.jobs.state import is_done, job_state
from riddle_pl.photos.record.record import Record
from tests.photos.fakes import fake_photo
from tests.photos.record.test_record import make_record

SYSTEM_CALLS = ("replace", "unlink", "fsync")
PIXELS = fake_photo()


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Runs the action in a child process that is killed just before its ``step``-th change of the file system."""
    child = os.fork()
    if child == 0:
        count = 0

        def counting(call):
            def wrapper(*args, **kwargs):
                nonlocal count
                count += 1
                if count > step:
                    os._exit(9)
                return call(*args, **kwargs)

            return wrapper

        for name in SYSTEM_CALLS:
            setattr(os, name, counting(getattr(os, name)))
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


def test_a_pair_that_was_killed_anywhere_is_finished_or_written_anew(tmp_path):
    record = make_record()
    step, states = 0, set()
    while True:
        folder = tmp_path / str(step)
        folder.mkdir()
        task = Task(Path("photo.png"), folder / "a.png", folder / "a.riddle", "a.riddle")
        killed = killed_at(step, lambda task=task: save_pair(PIXELS, task.picture, record, task.record))
        states.add((task.picture.exists(), task.record.exists()))
        assert not (task.picture.exists() and not task.record.exists())
        left = job_state([task], dict).left
        if left:
            assert not any(folder.iterdir())
            save_pair(PIXELS, task.picture, record, task.record)
        assert {path.name for path in folder.iterdir()} == {"a.png", "a.riddle"}
        np.testing.assert_array_equal(np.asarray(Image.open(task.picture)), PIXELS)
        assert task.record.read_bytes() == record.to_bytes()
        if not killed:
            break
        step += 1
    assert states == {(False, False), (False, True), (True, True)}


def test_a_record_without_its_picture_is_never_overwritten(tmp_path):
    task = Task(Path("photo.png"), tmp_path / "a.png", tmp_path / "a.riddle", "a.riddle")
    make_record().save(task.record)
    assert not finish_pair(task.picture, task.record)
    with pytest.raises(FileError, match=r"a\.riddle exists already"):
        is_done(task)
    with pytest.raises(FileError, match="exists already"):
        save_pair(PIXELS, task.picture, make_record(1), task.record)
    assert [path.name for path in tmp_path.iterdir()] == ["a.riddle"]
    assert task.record.read_bytes() == make_record().to_bytes()


def test_other_files_are_not_swept_away(tmp_path):
    task = Task(Path("photo.png"), tmp_path / "a.png", tmp_path / "a.riddle", "a.riddle")
    for name in (".a.0123456789abcdef.part.png", ".a.0123456789ab.tmp.riddle", ".b.0123456789ab.tmp.png", ".a.png"):
        (tmp_path / name).touch()
    assert job_state([task], dict).left == [task]
    assert {path.name for path in tmp_path.iterdir()} == {".b.0123456789ab.tmp.png", ".a.png"}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_notes(tmp_path, suffix):
    for name, note in (("none", None), ("synthetic", SYNTHETIC_NOTE), ("covered", COVERED_NOTE)):
        path = tmp_path / f"{name}{suffix}"
        save_picture(PIXELS, path, note=note)
        with Image.open(path) as image:
            assert image.info.get("xmp") == note
        assert is_covered(path) == (name == "covered")
    assert SYNTHETIC.encode() in SYNTHETIC_NOTE


def test_a_record_inside_a_picture(tmp_path):
    path = tmp_path / "a.png"
    save_picture(PIXELS, path, note=SYNTHETIC_NOTE, record=make_record())
    np.testing.assert_array_equal(np.asarray(Image.open(path)), PIXELS)
    loaded = Record.load_embedded(path)
    assert isinstance(loaded, Record)
    assert loaded.to_bytes() == make_record().to_bytes()
    with pytest.raises(FileError, match=r"b\.jpg cannot hold a record"):
        save_picture(PIXELS, tmp_path / "b.jpg", record=make_record())


def test_a_new_pictures_name_is_checked_before_any_work(tmp_path):
    for name in ("a.png", "a.JPG", "a.webp"):
        assert check_picture(tmp_path / name) == tmp_path / name
    with pytest.raises(FileError, match=r"a\.bmp has suffix '\.bmp'; choose from \.png, .* in -o$"):
        check_picture(tmp_path / "a.bmp")
    with pytest.raises(FileError, match=r"a\.bmp has suffix .* in --image$"):
        check_picture_name(tmp_path / "a.bmp", "--image")
    (tmp_path / "a.png").touch()
    with pytest.raises(FileError, match=r"a\.png exists already and is left as it is; .* another with -o$"):
        check_picture(tmp_path / "a.png")
    with pytest.raises(FileError, match="absent does not exist"):
        check_picture(tmp_path / "absent" / "a.png")


def test_a_picture_is_written_in_the_format_of_its_suffix_and_never_over_another(tmp_path):
    save_picture(PIXELS, tmp_path / "a.PNG")
    with Image.open(tmp_path / "a.PNG") as image:
        assert image.format == "PNG"
    before = (tmp_path / "a.PNG").read_bytes()
    with pytest.raises(FileError, match="exists already"):
        save_picture(255 - PIXELS, tmp_path / "a.PNG")
    assert (tmp_path / "a.PNG").read_bytes() == before
    save_picture(255 - PIXELS, tmp_path / "a.PNG", overwrite=True)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.PNG")), 255 - PIXELS)


def test_errors_name_the_file_that_was_asked_for(tmp_path, monkeypatch):
    """And not the hidden one under which it is written first."""
    wide = np.zeros((1, 20_000, 3), np.uint8)
    with pytest.raises(FileError, match=r"output .*/a\.webp cannot be written as WEBP \(.*; choose \.png"):
        save_pair(wide, tmp_path / "a.webp", make_record(), tmp_path / "a.riddle")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(FileError, match=r"/a\.png cannot be written \(no space"):
        save_pair(PIXELS, tmp_path / "a.png", make_record(), tmp_path / "a.riddle")
    assert not any(tmp_path.iterdir())


def test_nothing_that_is_there_is_overwritten_by_a_pair_unless_it_may_be(tmp_path):
    picture, record_path, record = tmp_path / "a.png", tmp_path / "a.riddle", make_record()
    record.save(record_path)  # the very same record: the user's own
    with pytest.raises(FileError, match=r"record .*a\.riddle exists already"):
        save_pair(PIXELS, picture, record, record_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.riddle"]
    record_path.unlink()
    picture.write_bytes(b"the user's")
    with pytest.raises(FileError, match=r"output .*a\.png exists already"):
        save_pair(PIXELS, picture, record, record_path)
    assert picture.read_bytes() == b"the user's"
    assert not record_path.exists()
    make_record(1).save(record_path)
    save_pair(PIXELS, picture, record, record_path, overwrite=True)
    assert record_path.read_bytes() == record.to_bytes()
    with Image.open(picture) as image:
        assert image.info["xmp"] == SYNTHETIC_NOTE
        np.testing.assert_array_equal(np.asarray(image), PIXELS)


def test_what_a_killed_run_left_is_no_hindrance(tmp_path):
    task = Task(Path("photo.png"), tmp_path / "a.png", tmp_path / "a.riddle", "a.riddle")
    assert killed_at(2, lambda: save_pair(PIXELS, task.picture, make_record(), task.record))
    assert [path.suffixes[-2:] for path in tmp_path.iterdir()] == [[".part", ".png"]]
    save_pair(PIXELS, task.picture, make_record(), task.record)
    assert task.picture.is_file()
    assert task.record.is_file()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("failing", ["a.riddle", "a.png"])
def test_after_a_failure_there_is_neither_and_older_files_are_as_they_were(tmp_path, monkeypatch, failing, error):
    picture, record_path = tmp_path / "a.png", tmp_path / "a.riddle"
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target.name == failing:
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises((FileError, OSError, KeyboardInterrupt)) as caught:
        save_pair(PIXELS, picture, make_record(), record_path)
    assert "pace" in str(caught.value) or isinstance(caught.value, KeyboardInterrupt)
    assert not any(tmp_path.iterdir())
    if failing == "a.riddle":  # the record of an earlier run stays
        record_path.write_bytes(make_record(1).to_bytes())
        with pytest.raises((FileError, KeyboardInterrupt)):
            save_pair(PIXELS, picture, make_record(), record_path, overwrite=True)
        assert record_path.read_bytes() == make_record(1).to_bytes()
        assert [path.name for path in tmp_path.iterdir()] == ["a.riddle"]


@pytest.mark.parametrize("call", range(1, 9))
def test_a_pair_that_replaces_an_older_one_is_whole_whenever_it_is_killed(tmp_path, call):
    picture, record_path = tmp_path / "a.png", tmp_path / "a.riddle"
    save_pair(PIXELS, picture, make_record(1), record_path)
    new = 255 - PIXELS
    killed_at(call, lambda: save_pair(new, picture, make_record(2), record_path, overwrite=True))
    assert finish_pair(picture, record_path)
    replaced = record_path.read_bytes() == make_record(2).to_bytes()
    with Image.open(picture) as image:
        np.testing.assert_array_equal(np.asarray(image), new if replaced else PIXELS)


def test_a_folder_in_the_pictures_place_is_no_finished_pair(tmp_path):
    make_record().save(tmp_path / "a.riddle")
    (tmp_path / "a.png").mkdir()
    assert not finish_pair(tmp_path / "a.png", tmp_path / "a.riddle")


def test_leftovers_of_long_names_are_swept_too(tmp_path, monkeypatch):
    name = "a" * 60 + ".png"
    leftover = tmp_path / f".{'a' * 40}.0123456789ab.tmp.png"
    leftover.touch()
    sweep(tmp_path, [name])
    assert not leftover.exists()
    sweep(tmp_path / "absent", [name])
    monkeypatch.setattr(Path, "iterdir", lambda self: iter([leftover]))  # another process swept meanwhile
    sweep(tmp_path, [name])


def test_the_picture_beside_a_record_is_a_file_of_its_name_in_either_case(tmp_path):
    record = tmp_path / "a.riddle"
    record.touch()
    assert picture_beside(record) is None
    (tmp_path / "a.png").mkdir()
    assert picture_beside(record) is None
    (tmp_path / "a.JPG").touch()
    assert picture_beside(record) == tmp_path / "a.JPG"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_the_contents_of_a_picture_are_those_of_its_file(tmp_path, name):
    save_picture(PIXELS, tmp_path / name, note=SYNTHETIC_NOTE)
    assert picture_bytes(PIXELS, tmp_path / name, SYNTHETIC_NOTE) == (tmp_path / name).read_bytes()


def test_nothing_is_swept_while_another_run_writes_there(tmp_path):
    leftover = tmp_path / ".photo.0123456789ab.tmp.png"
    leftover.touch()
    with writing_to(tmp_path):
        sweep(tmp_path, {"photo.png"})
        assert leftover.exists()
    sweep(tmp_path, {"photo.png"})
    assert not leftover.exists()
