"""If this fails, a hostile archive or picture of records writes beyond its folder, fills the disk, or crashes."""

from pathlib import Path

import pytest

from tests.bad_input.broken_containers import archive, broken_archives, broken_pictures
from tests.cli.riddle_command import Result, Riddle


@pytest.fixture
def record(riddle: Riddle) -> bytes:
    """An intact record, beside its picture."""
    assert riddle.encrypt("photo.png").status == 0
    return Path("photo_anonymised.riddle").read_bytes()


def clean(riddle: Riddle, result: Result, before: set[str], name: str) -> None:
    """An error, or everything skipped with a line each, or all well; in any case nothing but pictures in ``back``."""
    made = riddle.files() - before
    assert all(file.startswith("back/") and file.endswith("_recovered.png") for file in made), (name, made)
    if result.status == 0:
        assert result.err == "", name
    else:
        assert result.status in (1, 2), (name, result)
        assert not made, name
        lines = result.err.splitlines()
        assert all(line.startswith(("error: ", "warning: skipped: ")) for line in lines), (name, result)
    for file in made:
        Path(file).unlink()


def test_archives(riddle: Riddle, record: bytes) -> None:
    refused = 0
    for name, data in broken_archives(record):
        Path("bad.zip").write_bytes(data)
        before = riddle.files()
        for result in (riddle("inspect", "bad.zip"), riddle.decrypt("bad.zip", "--image", ".", "-o", "back")):
            clean(riddle, result, before, name)
            refused += result.status != 0
        assert Path("bad.zip").read_bytes() == data
    assert refused > 90
    assert not Path("../evil.riddle").exists()


def test_an_intact_archive_is_read(riddle: Riddle, record: bytes) -> None:
    """So that the test above does not pass for a wrong reason."""
    Path("good.zip").write_bytes(archive(("photo_anonymised.riddle", record)))
    assert riddle("inspect", "good.zip").status == 0
    assert riddle.decrypt("good.zip", "--image", ".", "-o", "back").status == 0


def test_a_broken_archive_is_not_added_to(riddle: Riddle, record: bytes) -> None:
    cases = [(name, data) for name, data in broken_archives(record) if name.startswith(("name", "cut", "zip", "one"))]
    assert len(cases) > 15
    for name, data in cases[::3]:
        Path("bad.zip").write_bytes(data)
        before = riddle.files()
        result = riddle.encrypt("photo.png", "-o", "other.png", "--archive", "bad.zip")
        assert result.status == 2, (name, result)
        riddle.refused(result, "bad.zip", before=before)
        assert Path("bad.zip").read_bytes() == data


def test_pictures_with_records(riddle: Riddle) -> None:
    assert riddle.encrypt("photo.png", "--embed").status == 0
    picture = Path("photo_anonymised.png").read_bytes()
    for name, data in broken_pictures(picture, Path("photo.png").read_bytes()):
        Path("bad.png").write_bytes(data)
        before = riddle.files()
        for result in (riddle("inspect", "bad.png"), riddle.decrypt("bad.png", "-o", "out.png")):
            assert result.status == 2, (name, result)
            riddle.refused(result, "bad.png", before=before)
    assert riddle.decrypt("photo_anonymised.png").status == 0
