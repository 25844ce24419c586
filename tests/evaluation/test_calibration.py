"""If this fails, every rate is measured at a wrong threshold, or a stale one."""

import json
import math

import pytest
import torch

from riddle_pl.errors import DataError
from riddle_pl.evaluation.calibration import VerificationThreshold, calibrate
from riddle_pl.evaluation.lfw import LFW
from tests.evaluation.fakes import FakeRecogniser, paint, write_lfw


def threshold(different, same, far):
    metric = VerificationThreshold(far)
    metric.update(torch.tensor(different), torch.zeros(len(different), dtype=torch.bool))
    if same:
        metric.update(torch.tensor(same), torch.ones(len(same), dtype=torch.bool))
    return metric.compute()


def test_threshold_worked_by_hand():
    # at most 1 of 10: the threshold is the second highest, which itself does not pass
    c = threshold([0.1, 0.9, 0.3, 0.4, 0.8, 0.2, 0.5, 0.0, 0.6, 0.7], [0.95, 0.85, 0.8, 0.1], far=0.1)
    assert (c.threshold, c.far, c.tar, c.different, c.same) == (pytest.approx(0.8), 0.1, 0.5, 10, 4)


def test_lfw_s_3000_pairs_at_one_in_a_thousand_let_three_pass():
    c = threshold([i / 3000 for i in range(3000)], [], far=1e-3)
    assert c.far == pytest.approx(3 / 3000)
    assert math.isnan(c.tar)


def test_fewer_pairs_than_the_rate_resolves_let_none_pass():
    assert threshold([0.1, 0.2], [0.3], far=1e-3)[:3] == (pytest.approx(0.2), 0.0, 1.0)


def test_ties_never_exceed_the_rate():
    assert threshold([0.5] * 100, [0.5, 0.6], far=0.1)[:3] == (0.5, 0.0, 0.5)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_without_pairs_of_different_people_it_says_so():
    with pytest.raises(DataError, match="no pair of different people"):
        VerificationThreshold().compute()
    metric = VerificationThreshold()
    metric.update(torch.tensor([0.5]), torch.tensor([True]))
    with pytest.raises(DataError, match="no pair of different people"):
        metric.compute()


@pytest.fixture
def lfw(tmp_path):
    return LFW(str(write_lfw(tmp_path / "lfw")), "faces", "pairs.txt", count=4)


def test_a_toy_set_is_told_apart(lfw, tmp_path):
    c = calibrate(FakeRecogniser(), lfw, 16, 1e-3, tmp_path / "cache", quiet=True)
    assert (c.far, c.tar, c.different, c.same) == (0.0, 1.0, 6, 6)
    assert c.threshold < 0.9


def test_the_second_time_nothing_is_embedded(lfw, tmp_path):
    first, second = FakeRecogniser(), FakeRecogniser()
    c = calibrate(first, lfw, 16, 1e-3, tmp_path, quiet=True)
    assert first.seen == 12
    assert calibrate(second, lfw, 16, 1e-3, tmp_path, quiet=True) == c
    assert second.seen == 0
    calibrate(second, lfw, 16, 0.5, tmp_path, quiet=True)  # another rate on the same cosines
    assert second.seen == 0


def test_another_recogniser_size_or_photo_is_calibrated_anew(lfw, tmp_path):
    calibrate(FakeRecogniser(), lfw, 16, 1e-3, tmp_path, quiet=True)
    for recogniser, size in ((FakeRecogniser(fingerprint="fake 2"), 16), (FakeRecogniser(), 8)):
        calibrate(recogniser, lfw, size, 1e-3, tmp_path, quiet=True)
        assert recogniser.seen == 12
    paint(99, 1).save(lfw.faces_path / "Person_0" / "Person_0_0001.png")
    recogniser = FakeRecogniser()
    calibrate(recogniser, lfw, 16, 1e-3, tmp_path, quiet=True)
    assert recogniser.seen == 12


@pytest.mark.parametrize("content", ["{", "[]", '{"fingerprint": "other", "cosines": []}'])
def test_a_damaged_cache_is_made_anew(lfw, tmp_path, content):
    cache = tmp_path / "cache"
    c = calibrate(FakeRecogniser(), lfw, 16, 1e-3, cache, quiet=True)
    [file] = cache.iterdir()
    file.write_text(content)
    assert calibrate(FakeRecogniser(), lfw, 16, 1e-3, cache, quiet=True) == c
    assert len(json.loads(file.read_text())["cosines"]) == 12


def test_pairs_of_a_damaged_photo_are_left_out(lfw, tmp_path):
    (lfw.faces_path / "Person_0" / "Person_0_0001.png").write_bytes(b"not a picture")
    c = calibrate(FakeRecogniser(), lfw, 16, 1e-3, tmp_path, quiet=True)
    assert (c.different, c.same) == (5, 5)
