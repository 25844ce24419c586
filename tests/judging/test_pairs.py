"""If this fails, thresholds are calibrated on other pairs than the report says, or on stale ones."""

import json

import pytest
import torch

from riddle_pl.judging.calibration import calibrate
from riddle_pl.judging.lfw import LFW
from riddle_pl.judging.pairs import lfw_pairs, strangers
from tests.evaluation.fakes import FakeRecogniser, paint, write_lfw


def compare(recogniser, lfw, size, far, cache, quiet):
    return calibrate(lfw_pairs(recogniser, lfw, size, cache, quiet), far)


@pytest.fixture
def lfw(tmp_path):
    return LFW(str(write_lfw(tmp_path / "lfw")), "faces", "pairs.txt", count=4)


def test_a_toy_set_is_told_apart(lfw, tmp_path):
    c = compare(FakeRecogniser(), lfw, 16, 1e-3, tmp_path / "cache", quiet=True)
    assert (c.far, c.tar, c.different, c.same) == (0.0, 1.0, 6, 6)
    assert c.threshold < 0.9


def test_the_second_time_nothing_is_embedded(lfw, tmp_path):
    first, second = FakeRecogniser(), FakeRecogniser()
    c = compare(first, lfw, 16, 1e-3, tmp_path, quiet=True)
    assert first.seen == 12
    assert compare(second, lfw, 16, 1e-3, tmp_path, quiet=True) == c
    assert second.seen == 0
    compare(second, lfw, 16, 0.5, tmp_path, quiet=True)  # another rate on the same cosines
    assert second.seen == 0


def test_another_recogniser_size_or_photo_is_calibrated_anew(lfw, tmp_path):
    compare(FakeRecogniser(), lfw, 16, 1e-3, tmp_path, quiet=True)
    for recogniser, size in ((FakeRecogniser(fingerprint="fake 2"), 16), (FakeRecogniser(), 8)):
        compare(recogniser, lfw, size, 1e-3, tmp_path, quiet=True)
        assert recogniser.seen == 12
    paint(99, 1).save(lfw.faces_path / "Person_0" / "Person_0_0001.png")
    recogniser = FakeRecogniser()
    compare(recogniser, lfw, 16, 1e-3, tmp_path, quiet=True)
    assert recogniser.seen == 12


@pytest.mark.parametrize("content", ["{", "[]", '{"fingerprint": "other", "cosines": []}'])
def test_a_damaged_cache_is_made_anew(lfw, tmp_path, content):
    cache = tmp_path / "cache"
    c = compare(FakeRecogniser(), lfw, 16, 1e-3, cache, quiet=True)
    [file] = cache.iterdir()
    file.write_text(content)
    assert compare(FakeRecogniser(), lfw, 16, 1e-3, cache, quiet=True) == c
    assert len(json.loads(file.read_text())["cosines"]) == 12


def test_pairs_of_a_damaged_photo_are_left_out(lfw, tmp_path):
    (lfw.faces_path / "Person_0" / "Person_0_0001.png").write_bytes(b"not a picture")
    c = compare(FakeRecogniser(), lfw, 16, 1e-3, tmp_path, quiet=True)
    assert (c.different, c.same) == (5, 5)


def test_strangers_are_all_pairs_of_different_people():
    pairs = strangers(torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), "photos")
    assert pairs.cosines.tolist() == pytest.approx([0, 0.5**0.5, 0.5**0.5])
    assert not pairs.same.any()
    assert pairs.origin == "photos"
    assert len(strangers(torch.ones(1, 2), "").cosines) == 0
