"""If this fails, a killed run leaves half a pair, loses a record, or a file of the user is overwritten."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import FileError
from riddle_pl.photos.jobs_plan import Task
from riddle_pl.photos.jobs_state import is_done, open_tasks
from riddle_pl.photos.metadata import COVERED_NOTE, SYNTHETIC, SYNTHETIC_NOTE, is_covered
from riddle_pl.photos.outputs import finish_pair, save_pair, save_picture
from riddle_pl.photos.png_record import load_embedded
from riddle_pl.photos.record import Record
from tests.photos.fakes import fake_photo
from tests.photos.test_record import make_record

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
        left = open_tasks([task])
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
    assert open_tasks([task]) == [task]
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
    loaded = load_embedded(path)
    assert isinstance(loaded, Record)
    assert loaded.to_bytes() == make_record().to_bytes()
    with pytest.raises(FileError, match=r"b\.jpg cannot hold a record"):
        save_picture(PIXELS, tmp_path / "b.jpg", record=make_record())
