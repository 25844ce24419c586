"""If this fails, a user cannot see what a record holds, or `riddle inspect` trips over a bad file."""

from pathlib import Path


def test_shows_what_is_open_and_asks_for_no_password(riddle):
    assert riddle.encrypt("photo.png", "--mode", "sealed").status == 0
    result = riddle("inspect", "photo_anonymised.riddle")
    assert (result.status, result.err) == (0, "")
    for text in ("sealed", "96 x 80", "tiny", "Argon2id, 8 KiB", "8 layers", "pseudonymised", "square of 40 px"):
        assert text in result.out
    assert "correct horse" not in result.out


def test_bad_records(riddle):
    Path("text.riddle").write_text("no record")
    before = riddle.files()
    riddle.refused(riddle("inspect", "text.riddle"), "text.riddle", before=before)
    riddle.refused(riddle("inspect", "missing.riddle"), "missing.riddle", before=before)
    riddle.refused(riddle("inspect"), "record", before=before)
