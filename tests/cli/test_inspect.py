"""If this fails, a user cannot see what a record holds, or `riddle inspect` trips over a bad file."""

from pathlib import Path

import pytest


def test_shows_what_is_open_and_asks_for_no_password(riddle):
    assert riddle.encrypt("photo.png", "--mode", "sealed").status == 0
    result = riddle("inspect", "photo_anonymised.riddle")
    assert (result.status, result.err) == (0, "")
    for text in ("sealed", "96 x 80", "tiny", "Argon2id, 8 KiB", "8 layers", "pseudonymised", "square of 40 px"):
        assert text in result.out
    assert "correct horse" not in result.out


@pytest.mark.parametrize("mode", ["deniable", "sealed"])
def test_says_what_was_measured(riddle, mode):
    assert riddle.encrypt("photo.png", "--mode", mode).status == 0
    out = " ".join(riddle("inspect", "photo_anonymised.riddle").out.split())
    for said in ("whether a guessed password is right", "same photo", "docs/security.md"):
        assert said in out
    assert "not given away" not in out
    assert "knows one of its faces" not in out


def test_says_that_faces_of_a_linkable_record_open_each_other(riddle):
    assert riddle.encrypt("photo.png", "--linkable").status == 0
    out = " ".join(riddle("inspect", "photo_anonymised.riddle").out.split())
    assert "knows one of its faces: the others under the same password and salt" in out


def test_bad_records(riddle):
    Path("text.riddle").write_text("no record")
    before = riddle.files()
    riddle.refused(riddle("inspect", "text.riddle"), "text.riddle", before=before)
    riddle.refused(riddle("inspect", "missing.riddle"), "missing.riddle", before=before)
    riddle.refused(riddle("inspect"), "record", before=before)
