"""If this fails, photos of one's own are evaluated in another order or number than is said."""

import pytest

from riddle_pl.errors import DataError
from riddle_pl.judging.people import FolderFaces
from tests.evaluation.fakes import paint


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for number in range(4):
        paint(number, 1).save(tmp_path / ("sub" if number % 2 else ".") / f"{number}.png")
    return tmp_path


def keys(faces, seed=0, **kwargs):
    return [key for key, _ in faces.held_out(seed, 8, **kwargs)]


def test_every_photo_is_a_person_in_an_order_of_the_seed(folder):
    faces = FolderFaces(str(folder), aligned=True)
    faces.check()
    assert sorted(keys(faces)) == ["0.png", "2.png", "sub/1.png", "sub/3.png"]
    assert keys(faces) == keys(faces) != keys(faces, seed=2)
    assert keys(FolderFaces(str(folder), count=2, aligned=True)) == keys(faces)[:2]
    assert (faces.name, faces.total) == (folder.name, 4)


def test_a_photo_without_images_is_listed_and_the_next_taken(folder):
    faces = FolderFaces(str(folder), count=2, aligned=True)
    first = keys(faces)[0]
    found = keys(faces, lacks=lambda key: "no match" if key == first else None)
    assert len(found) == 2
    assert first not in found
    assert faces.skipped == {first: "no match"}


def test_a_photo_without_a_face_is_listed(folder, monkeypatch):
    monkeypatch.setattr("riddle_pl.faces.detect.FaceDetector.detect", lambda _self, _image: [])
    faces = FolderFaces(str(folder))
    assert keys(faces) == []
    assert len(faces.skipped) == 4
    assert "no face" in faces.skipped["0.png"]


def test_what_is_missing_is_said(folder, tmp_path):
    with pytest.raises(DataError, match=r"has 4 people; data\.count=5"):
        FolderFaces(str(folder), count=5).check()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no image"):
        FolderFaces(str(tmp_path / "empty")).check()
    with pytest.raises(DataError, match="does not exist"):
        FolderFaces(str(tmp_path / "gone")).check()
    with pytest.raises(DataError, match=r"data\.count=0"):
        FolderFaces(str(folder), count=0)
