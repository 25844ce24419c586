"""If this fails, a changed password opens nothing, the old one still does, or `riddle rekey` loses a face."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.riddle_command import pixels

RECORD = "photo_anonymised.riddle"


@pytest.fixture
def keys(riddle):
    Path("new").write_text("battery staple")
    Path("wrong").write_text("no")
    return riddle


def test_sealed(keys):
    assert keys.encrypt("photo.png", "--mode", "sealed").status == 0
    before = {name: Path(name).read_bytes() for name in keys.files()}
    keys.refused(keys.rekey(RECORD, password="wrong"), "password is wrong", before=set(before))
    result = keys.rekey(RECORD)
    assert (result.status, result.err) == (0, "")
    made = "photo_anonymised_rekeyed.riddle"
    assert keys.files() == set(before) | {made}
    assert {name: Path(name).read_bytes() for name in before} == before
    image = ("--image", "photo_anonymised.png")
    assert keys.decrypt(made, "-o", "back.png", *image, password="new").status == 0
    np.testing.assert_array_equal(pixels("back.png"), pixels("photo.png"))
    keys.refused(keys.decrypt(made, "-o", "x.png", *image), "password is wrong", before=keys.files())
    keys.refused(keys.rekey(RECORD), made, "exists", before=keys.files())


def test_in_place_and_inside_a_picture(keys):
    assert keys.encrypt("photo.png", "--mode", "sealed", "--embed").status == 0
    before = pixels("photo_anonymised.png")
    assert keys.rekey("photo_anonymised.png", "--replace").status == 0
    assert keys.files() == {"photo.png", "pw", "new", "wrong", "photo_anonymised.png"}
    np.testing.assert_array_equal(pixels("photo_anonymised.png"), before)
    assert keys.decrypt("photo_anonymised.png", password="new").status == 0
    np.testing.assert_array_equal(pixels("photo_recovered.png"), pixels("photo.png"))


def test_one_face_of_several(keys):
    from tests.cli.test_encrypt import TWO

    keys.faces = TWO
    assert keys.encrypt("photo.png", "--mode", "sealed").status == 0
    assert keys.rekey(RECORD, "--replace", "--only", "1").status == 0
    Path("pair").write_text("battery staple")
    assert keys.decrypt(RECORD, "--face-password-file", "1=pair").status == 0
    np.testing.assert_array_equal(pixels("photo_recovered.png"), pixels("photo.png"))
    keys.refused(keys.rekey(RECORD, "--replace"), "password is wrong", before=keys.files())


def test_deniable_goes_through_the_recovered_code(keys):
    """With the encryptor that is its own inverse the new password recovers what the old one did."""
    assert keys.encrypt("photo.png", "--encryptor", "encryptor-df").status == 0
    assert keys.decrypt(RECORD, "-o", "old.png", "--face-only").status == 0
    right = keys.rekey(RECORD)
    assert right.status == 0, right.err
    assert "does not check" in right.out
    made = "photo_anonymised_rekeyed"
    assert keys.decrypt(f"{made}.riddle", "-o", "back.png", "--face-only", password="new").status == 0
    assert np.abs(pixels("back.png").astype(int) - pixels("old.png")).max() <= 2
    assert keys.decrypt(f"{made}.riddle", "-o", "not.png", "--face-only").status == 0
    assert np.abs(pixels("not.png").astype(int) - pixels("old.png")).max() > 5
    assert (pixels(f"{made}.png") != pixels("photo_anonymised.png")).any()
    for suffix in (".riddle", ".png"):
        Path(made + suffix).unlink()
    wrong = keys.rekey(RECORD, password="wrong")
    assert (wrong.status, wrong.out, wrong.err) == (right.status, right.out, right.err)


def test_bad_input(keys):
    assert keys.encrypt("photo.png").status == 0
    Path("text.riddle").write_text("no record")
    Image.new("RGB", (8, 8)).save("plain.png")
    for args, expected in (
        (("absent.riddle",), "absent.riddle"),
        (("text.riddle",), "text.riddle"),
        (("plain.png",), "plain.png"),
        ((RECORD, "-o", "x.riddle", "--replace"), "choose one"),
        ((RECORD, "-o", "pw"), "pw exists"),
        ((RECORD, "--only", "3"), "no face 3"),
        ((RECORD, "--image", "plain.png"), "8 x 8"),
    ):
        keys.refused(keys.rekey(*args), expected, before=keys.files())
    keys.refused(keys.rekey(RECORD, new="absent"), "absent", before=keys.files())


@pytest.mark.parametrize("mode", ["deniable", "sealed"])
def test_an_old_record_that_stays_is_spoken_of(keys, mode):
    assert keys.encrypt("photo.png", "--mode", mode).status == 0
    assert "whoever has the old record and the new one" in keys.rekey(RECORD).out
    assert "old record and the new" not in keys.rekey(RECORD, "--replace").out
