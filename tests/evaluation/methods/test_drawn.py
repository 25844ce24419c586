"""If this fails, drawn people are measured from other codes than they were drawn from, or differ between runs."""

import pytest
import torch

from riddle_pl.errors import DataError
from riddle_pl.evaluation.methods.drawn import DrawnFaces, DrawnMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.inversion import EncoderInversion


@pytest.fixture
def method(tiny_pack):
    return DrawnMethod(EncoderInversion(tiny_pack, "cpu"), "encryptor", TextPasswords(), 0, "cpu")


def test_the_inversion_is_the_photo_and_the_others_start_at_its_code(tiny_pack, method):
    faces = DrawnFaces(tiny_pack, 3, "cpu")
    people = dict(faces.held_out(0, tiny_pack.size))
    assert sorted(people) == ["0", "1", "2"]
    images = method.images(list(people), torch.cat(list(people.values())))
    torch.testing.assert_close(images["inversion"], images["photo"])
    assert (images["encrypted"] - images["photo"]).abs().max() > 1e-2
    assert (images["photo"][0] - images["photo"][1]).abs().max() > 1e-2
    more = method.encryptions("1", people["1"], 2)
    other = method.encryptions("2", people["1"], 2)  # the name decides, not the picture
    assert (more["encrypted"] - other["encrypted"]).abs().max() > 1e-3


def test_a_person_is_the_same_in_every_run_and_however_many_there_are(tiny_pack):
    few, many = DrawnFaces(tiny_pack, 2, "cpu"), DrawnFaces(tiny_pack, 5, "cpu")
    torch.testing.assert_close(few.load("1", tiny_pack.size), many.load("1", tiny_pack.size))
    assert few.total == 2
    few.check()


def test_another_size_than_the_packs_is_refused(tiny_pack):
    with pytest.raises(DataError, match="pack tiny draws 32 px; method takes 64 px"):
        DrawnFaces(tiny_pack, 2, "cpu").load("0", 64)


def test_photos_have_no_known_code(method):
    assert method.lacks("12") is None
    for name in ("Ann/Ann_0001.jpg", "1.png", "-1", "١"):
        assert "choose data=drawn" in method.lacks(name)


def test_the_report_says_that_nothing_was_inverted(method):
    assert method.facts["inversion"] == "none: the codes that the people were drawn from"
    assert "drawn once more" in method.notes[0]
