"""If this fails, a photo of a folder is forgotten, or its result goes where the user does not expect it."""

import os
from pathlib import Path

import pytest

from riddle_pl.errors import ConfigError, FileError, PhotoError
from riddle_pl.photos.choices import Faces, parse_faces, parse_indices
from riddle_pl.photos.jobs.plan import plan_encryption


@pytest.fixture
def here(tmp_path, monkeypatch):
    """x/a.jpg, x/sub/b.heic, x/sub/c_anonymised.jpg, x/sub/notes.txt, y/a.jpg"""
    monkeypatch.chdir(tmp_path)
    for name in ("x/a.jpg", "x/sub/b.heic", "x/sub/c_anonymised.jpg", "x/sub/notes.txt", "y/a.jpg", "x/.git/d.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return tmp_path


def planned(*inputs: str, **options) -> list[tuple[str, str, str | None]]:
    plan = plan_encryption([Path(name) for name in inputs], **options)
    return [(str(t.photo), str(t.picture), None if t.record is None else str(t.record)) for t in plan.tasks]


def test_names(here):
    assert planned("x/a.jpg") == [("x/a.jpg", "x/a_anonymised.jpg", "x/a_anonymised.riddle")]
    assert planned("x/a.jpg", out=Path("o.png")) == [("x/a.jpg", "o.png", "o.riddle")]
    assert planned("x/a.jpg", out=Path("y")) == [("x/a.jpg", "y/a_anonymised.jpg", "y/a_anonymised.riddle")]
    assert planned("x/a.jpg", out=Path("new/folder"))[0][1] == "new/folder/a_anonymised.jpg"
    assert planned("x/a.jpg", record=Path("r"))[0][2] == "r"
    assert planned("x/a.jpg", embed=True) == [("x/a.jpg", "x/a_anonymised.png", None)]
    assert planned("x/sub/b.heic")[0][1] == "x/sub/b_anonymised.png"
    assert planned("x/sub/c_anonymised.jpg")[0][1] == "x/sub/c_anonymised_anonymised.jpg"


def test_folders(here):
    Path("x/sub/c_anonymised.riddle").touch()
    assert [row[:2] for row in planned("x", out=Path("o"))] == [
        ("x/a.jpg", "o/a_anonymised.jpg"),
        ("x/sub/b.heic", "o/sub/b_anonymised.png"),
    ]
    assert [row[1] for row in planned("x")] == ["x/a_anonymised.jpg", "x/sub/b_anonymised.png"]
    assert [row[1] for row in planned("x", "y", "x/a.jpg", out=Path("o"))] == [
        "o/x/a_anonymised.jpg",
        "o/x/sub/b_anonymised.png",
        "o/y/a_anonymised.jpg",
    ]
    plan = plan_encryption([Path("x")])
    assert plan.left_out == 1
    assert [task.entry for task in plan.tasks] == ["a_anonymised.riddle", "sub/b_anonymised.riddle"]
    Path("x/out").mkdir()
    Path("x/out/e.jpg").touch()
    assert len(planned("x", out=Path("x/out"))) == 2


@pytest.mark.parametrize("name", ["12:30.jpg", "a\\b.jpg", "a\nb.jpg", "not utf-8 \udcff.jpg"])
def test_a_name_that_its_archive_could_not_be_read_with_is_refused(here, name):
    """The archive was written, and then none of its records could be read."""
    Path("y", name).touch()
    with pytest.raises(FileError, match=r"in an archive.*rename it"):
        planned("y", archived=True)
    assert len(planned("y")) == 2


def test_clashes(here):
    with pytest.raises(FileError, match="one name in the archive"):
        planned("x/a.jpg", "y/a.jpg", archived=True)
    with pytest.raises(FileError, match="the picture and the record are both"):
        planned("x/a.jpg", out=Path("o.png"), record=Path("o.png"))
    with pytest.raises(FileError, match=r"o\.jpg names a picture"):
        planned("x", out=Path("o.jpg"))
    Path("x/sub/empty").mkdir()
    with pytest.raises(PhotoError, match="holds no photo"):
        planned("x/sub/empty")


def test_twins_get_names_that_tell_them_apart(here):
    for name in ("a.png", "a.PNG", "a_jpg.jpg", "A.webp"):
        Path("y", name).touch()
    plan = plan_encryption([Path("y")])
    pictures = {task.photo.name: task.picture.name for task in plan.tasks}
    assert pictures == {
        "A.webp": "A_webp_anonymised.webp",
        "a.PNG": "a_PNG_anonymised.PNG",
        "a.jpg": "a_2_anonymised.jpg",
        "a.png": "a_3_anonymised.png",
        "a_jpg.jpg": "a_jpg_anonymised.jpg",
    }
    records = [str(task.record).casefold() for task in plan.tasks]
    assert len(set(records)) == len(records)
    assert len(plan.renamed) == 4
    rows = planned("x/a.jpg", "y/a_jpg.jpg", "y/a.jpg", out=Path("o"))
    assert [row[1] for row in rows] == [
        "o/a_2_anonymised.jpg",
        "o/a_jpg_anonymised.jpg",
        "o/a_3_anonymised.jpg",
    ]


@pytest.mark.parametrize("name", ["ü" * 122, "n" * 250])
def test_long_names_are_shortened(here, name):
    Path("y", f"{name}.jpg").touch()
    Path("y", f"{name[:-1]}x.jpg").touch()
    plan = plan_encryption([Path("y")])
    names = [task.picture.name for task in plan.tasks if task.photo.name != "a.jpg"]
    assert len(set(names)) == len(plan.renamed) == 2
    for task in plan.renamed:
        for output in (task.picture, task.record):
            assert len(os.fsencode(output.name)) <= 255
            assert output.name[:50] == name[:50]
    assert plan == plan_encryption([Path("y")])


def test_one_file_is_taken_as_it_is_and_among_several_results_are_left_out(here):
    Path("x/sub/c_anonymised.riddle").touch()
    assert len(planned("x/sub/c_anonymised.jpg")) == 1
    assert [row[0] for row in planned("x/sub/c_anonymised.jpg", "x/a.jpg")] == ["x/a.jpg"]
    with pytest.raises(PhotoError, match="written by riddle"):
        planned("x/sub/c_anonymised.jpg", "x/sub/c_anonymised.jpg")


def test_faces_by_index_or_photo(here):
    assert parse_faces(["0,2", "5"], "--only") == Faces(frozenset({0, 2, 5}))
    assert parse_faces(["x/a.jpg"], "--only") == Faces(people=(Path("x/a.jpg"),))
    for value in ("-1", "1-2", "", "absent.jpg", "²", "9" * 50, "x"):
        with pytest.raises(ConfigError, match="--only"):
            parse_faces([value], "--only")
    assert parse_indices(["0,2"], "--only") == {0, 2}
    with pytest.raises(ConfigError, match=r"--only x/a\.jpg is a photo; give indices of faces in it$"):
        parse_indices(["x/a.jpg"], "--only", "faces in it")
