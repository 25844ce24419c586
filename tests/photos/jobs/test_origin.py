"""If this fails, a stale result is taken for the one asked for, or a picture tells what it was made from."""

import numpy as np
import pytest
from PIL import Image

from riddle_pl.photos.jobs.metadata import COVERED_NOTE, SYNTHETIC, SYNTHETIC_NOTE, is_covered, marked, read_mark
from riddle_pl.photos.jobs.origin import Mark, made_from
from riddle_pl.photos.jobs.outputs import save_picture

PIXELS = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("note", [None, SYNTHETIC_NOTE, COVERED_NOTE])
def test_a_mark_is_read_back_beside_what_the_picture_says(tmp_path, suffix, note):
    mark = Mark.of(b"a photo")
    save_picture(PIXELS, tmp_path / f"a{suffix}", note=marked(note, mark))
    assert read_mark(tmp_path / f"a{suffix}") == mark
    assert is_covered(tmp_path / f"a{suffix}") == (note is COVERED_NOTE)
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert (SYNTHETIC.encode() in image.info["xmp"]) == (note is SYNTHETIC_NOTE)


def test_a_mark_fits_what_it_was_made_of_and_is_another_for_every_picture():
    first, second = Mark.of(b"a photo"), Mark.of(b"a photo")
    assert first.fits(b"a photo")
    assert not first.fits(b"another")
    assert (first.digest, first.salt) != (second.digest, second.salt)


def test_identifiers_of_other_programs_are_no_marks(tmp_path):
    other = Mark(bytes(16), bytes(8)).statement().replace("0000", "0001")
    assert Mark.parse(other.encode()) is None
    assert Mark.parse(b"") is None
    (tmp_path / "a.png").write_text("no picture")
    assert read_mark(tmp_path / "a.png") is None
    save_picture(PIXELS, tmp_path / "b.png")
    assert read_mark(tmp_path / "b.png") is None


def test_what_a_picture_is_made_from():
    first = made_from("one", {"mode": "sealed", "only": ("1",)})
    assert first == made_from("one", {"only": ["1"], "mode": "sealed"})
    assert first != made_from("one", {"mode": "deniable", "only": ("1",)})
    assert first != made_from("other", {"mode": "sealed", "only": ("1",)})
