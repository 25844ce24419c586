"""If this fails, a broken picture file ends in a traceback, half an output, or a lost original."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.bad_input.broken_images import broken_images, mutated_images, odd_images
from tests.bad_input.junk import junk
from tests.cli.riddle_command import Riddle, pixels

BROKEN = [*broken_images(), *((f"junk_{name}.jpg", data) for name, data in junk())]
MUTATED = 40


def put(cases: list[tuple[str, bytes]], folder: str) -> dict[str, bytes]:
    """Writes the files, numbered so that no two outputs have one name, and returns them by path."""
    Path(folder).mkdir()
    files = {f"{folder}/{number:03d}_{name}": data for number, (name, data) in enumerate(cases)}
    for path, data in files.items():
        Path(path).write_bytes(data)
    return files


def unchanged(files: dict[str, bytes]) -> bool:
    return all(Path(path).read_bytes() == data for path, data in files.items())


def test_the_corpus_is_large_enough() -> None:
    assert len(dict(BROKEN)) == len(BROKEN)
    assert len({hashlib.sha256(data).digest() for _, data in BROKEN}) >= 200


def test_a_job_leaves_every_broken_picture_out_and_says_why(riddle: Riddle) -> None:
    files = put(BROKEN, "in")
    before = riddle.files()
    result = riddle.encrypt("photo.png", *files, "-o", "out", "--on-failure", "skip", "--json", "report.json")
    assert result.status == 1, result.err
    assert riddle.files() - before == {"report.json", "out/photo_anonymised.png", "out/photo_anonymised.riddle"}
    assert result.err.count("\n") == len(files)
    outcomes = json.loads(Path("report.json").read_text())["photos"]
    assert [outcome["photo"] for outcome in outcomes] == ["photo.png", *files]
    for outcome in outcomes[1:]:
        assert outcome["state"] == "failed"
        assert outcome["error"].startswith(f"photo {outcome['photo']} ")
        assert f"skipped: {outcome['error']}\n" in result.err
    assert unchanged(files)


def test_odd_pictures_are_read(riddle: Riddle) -> None:
    files = put([*odd_images()], "in")
    result = riddle.encrypt(*files, "-o", "out")
    assert (result.status, result.err) == (0, "")
    pictures = [name for name in riddle.files() if name.startswith("out/") and not name.endswith(".riddle")]
    assert len(pictures) == len(files)
    assert {pixels(name).shape for name in pictures} == {(48, 64, 3)}
    assert unchanged(files)


def test_mutated_pictures_are_read_or_left_out(riddle: Riddle) -> None:
    files = put([*mutated_images(MUTATED, seed=5)], "in")
    before = riddle.files()
    result = riddle.encrypt(*files, "-o", "out", "--on-failure", "skip", "--json", "report.json")
    assert result.status == 1
    outcomes = json.loads(Path("report.json").read_text())["photos"]
    encrypted = [outcome for outcome in outcomes if outcome["state"] == "done"]
    assert 0 < len(encrypted) < MUTATED
    made = {outcome[kind] for outcome in encrypted for kind in ("picture", "record")}
    assert riddle.files() - before == made | {"report.json"}
    assert result.err.count("\n") == MUTATED - len(encrypted)
    assert unchanged(files)


@pytest.mark.parametrize(("name", "data"), BROKEN[::12], ids=[name for name, _ in BROKEN[::12]])
def test_a_broken_picture_alone_is_refused(riddle: Riddle, name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    riddle.refused(riddle.encrypt(name), name, before=riddle.files())
    assert Path(name).read_bytes() == data


def test_broken_pictures_beside_a_record_are_refused(riddle: Riddle) -> None:
    assert riddle.encrypt("photo.png").status == 0
    for name, data in BROKEN[::15]:
        Path(name).write_bytes(data)
        result = riddle.decrypt("photo_anonymised.riddle", "--image", name, "-o", "out.png")
        riddle.refused(result, name, before=riddle.files())
