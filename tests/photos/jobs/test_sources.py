"""If this fails, a record in a folder, a picture or an archive is not found, or goes with another's picture."""

import os
import zipfile
from pathlib import Path

import pytest

from riddle_pl.errors import FileError, RecordError
from riddle_pl.photos.jobs.outputs import save_picture
from riddle_pl.photos.jobs.sources import find_records
from riddle_pl.photos.record.archive import move_into
from tests.photos.fakes import fake_photo
from tests.photos.record.test_record import make_record

PIXELS = fake_photo()[:8, :8]


def write(path: Path, faces: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    make_record(faces, 4).save(path)
    return path


def test_one_file_and_the_picture_beside_it(tmp_path):
    path = write(tmp_path / "a_anonymised.riddle")
    (source,) = find_records(path)
    assert (source.place, source.picture, source.path) == (Path("a_anonymised.riddle"), None, path)
    assert (source.stem, source.embedded, source.archived) == ("a", False, False)
    assert len(source.load().faces) == 1
    save_picture(PIXELS, tmp_path / "a_anonymised.png")
    assert find_records(path)[0].picture == tmp_path / "a_anonymised.png"


def test_a_picture_that_holds_its_record(tmp_path):
    path = tmp_path / "a_anonymised_rekeyed.png"
    save_picture(PIXELS, path, record=make_record(2, 4))
    (source,) = find_records(path)
    assert (source.picture, source.path, source.embedded, source.archived) == (path, path, True, False)
    assert source.stem == "a"
    assert len(source.load().faces) == 2


def test_a_folder_with_all_kinds(tmp_path):
    write(tmp_path / "sub" / "a.RIDDLE")
    write(tmp_path / "b.riddle", faces=2)
    save_picture(PIXELS, tmp_path / "c.png", record=make_record(3, 4))
    save_picture(PIXELS, tmp_path / "plain.png")
    (tmp_path / "notes.txt").write_text("no record")
    found = {str(source.place): source for source in find_records(tmp_path)}
    assert set(found) == {"sub/a.RIDDLE", "b.riddle", "c.png"}
    assert {name: len(source.load().faces) for name, source in found.items()} == {
        "sub/a.RIDDLE": 1,
        "b.riddle": 2,
        "c.png": 3,
    }
    assert {name for name, source in found.items() if source.embedded} == {"c.png"}
    assert found["c.png"].picture == tmp_path / "c.png"
    (tmp_path / "c.png").rename(tmp_path / "C.PNG")
    assert "C.PNG" in {str(source.place) for source in find_records(tmp_path)}


def test_an_archive_and_its_pictures(tmp_path):
    archive, pictures = tmp_path / "records.zip", tmp_path / "pictures"
    move_into(archive, {"x/a.riddle": write(tmp_path / "1.riddle"), "b.riddle": write(tmp_path / "2.riddle", 2)})
    (pictures / "x").mkdir(parents=True)
    save_picture(PIXELS, pictures / "x" / "a.png")
    found = find_records(archive, pictures)
    assert [str(source.place) for source in found] == ["b.riddle", "x/a.riddle"]
    assert [len(source.load().faces) for source in found] == [2, 1]
    assert [source.picture for source in found] == [None, pictures / "x" / "a.png"]
    assert all(source.archived and not source.embedded and source.path == archive for source in found)
    save_picture(PIXELS, tmp_path / "b.png")  # by default they lie beside the archive
    assert find_records(archive)[0].picture == tmp_path / "b.png"
    with pytest.raises(FileError, match="is no folder"):
        find_records(archive, tmp_path / "absent")


def test_nothing_there(tmp_path):
    with pytest.raises(RecordError, match="does not exist"):
        find_records(tmp_path / "absent.riddle")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match="holds no record"):
        find_records(tmp_path / "empty")
    (tmp_path / "odd.bin").write_bytes(b"odd")
    with pytest.raises(RecordError, match=r"odd\.bin"):
        find_records(tmp_path / "odd.bin")[0].load()


def test_an_archive_without_records(tmp_path):
    zipfile.ZipFile(tmp_path / "records.zip", "w").close()
    with pytest.raises(RecordError, match=r"records\.zip is empty"):
        find_records(tmp_path / "records.zip")


@pytest.mark.parametrize("name", ["a.riddle", "A.RIDDLE"])
def test_what_is_called_a_record_is_read_as_one(tmp_path, name):
    move_into(tmp_path / "records.zip", {"a.riddle": write(tmp_path / "1.riddle")})
    (tmp_path / "records.zip").rename(tmp_path / name)
    with pytest.raises(RecordError, match=f"{name}: "):
        find_records(tmp_path / name)


def test_a_pipe_is_not_looked_into(tmp_path):
    """Nobody may ever write into it."""
    os.mkfifo(tmp_path / "odd.png")
    with pytest.raises(RecordError, match="not an ordinary file"):
        find_records(tmp_path / "odd.png")
