"""If this fails, a broken picture file ends in a traceback, half an output, or a lost original."""

import hashlib
from pathlib import Path

import pytest

from tests.bad_input.broken_images import broken_images, mutated_images, odd_images
from tests.bad_input.junk import junk
from tests.cli.riddle_command import Riddle, pixels

BROKEN = [*broken_images(), *((f"junk_{name}.jpg", data) for name, data in junk())]
MUTATED = 24


def test_the_corpus_is_large_enough() -> None:
    assert len(dict(BROKEN)) == len(BROKEN)
    assert len({hashlib.sha256(data).digest() for _, data in BROKEN}) >= 200


@pytest.mark.parametrize(("name", "data"), BROKEN, ids=[name for name, _ in BROKEN])
def test_a_broken_picture_is_refused(riddle: Riddle, name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    before = riddle.files()
    riddle.refused(riddle.encrypt(name), name, before=before)
    assert Path(name).read_bytes() == data


@pytest.mark.parametrize(("name", "data"), odd := [*odd_images()], ids=[name for name, _ in odd])
def test_an_odd_picture_is_read(riddle: Riddle, name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    result = riddle.encrypt(name, "-o", "out.png", "--record", "out.riddle")
    assert (result.status, result.err) == (0, ""), result
    assert pixels("out.png").shape == (48, 64, 3)
    assert Path(name).read_bytes() == data


def test_mutated_pictures_are_read_or_refused(riddle: Riddle) -> None:
    for name, data in mutated_images(MUTATED, seed=5):
        Path(name).write_bytes(data)
        before = riddle.files()
        result = riddle.encrypt(name, "-o", "out.png", "--record", "out.riddle")
        if result.status == 0:
            assert riddle.files() == before | {"out.png", "out.riddle"}
            Path("out.png").unlink()
            Path("out.riddle").unlink()
        else:
            riddle.refused(result, name, before=before)
        assert Path(name).read_bytes() == data


def test_broken_pictures_beside_a_record(riddle: Riddle) -> None:
    assert riddle.encrypt("photo.png").status == 0
    for name, data in BROKEN[::9]:
        Path(name).write_bytes(data)
        before = riddle.files()
        riddle.refused(riddle.decrypt("photo_anonymised.riddle", "--image", name), name, before=before)
