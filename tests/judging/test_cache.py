"""If this fails, judges look at the same image again and again, or answer with what they said of another one."""

import logging

import pytest
import torch

from riddle_pl.judging.cache import CachedDetector, CachedRecogniser, JudgementCache
from riddle_pl.judging.detectors import Detections, Detector
from tests.evaluation.fakes import FakeRecogniser


@pytest.fixture
def x():
    """With 8 bits per value, as saved."""
    return torch.randint(0, 256, (5, 3, 8, 8), generator=torch.Generator().manual_seed(0)) / 127.5 - 1


class HalfBlind(Detector):
    """Finds a face in images that begin bright."""

    name = "half blind"
    landmarks = 2
    settings = "with one eye"
    fingerprint = "half blind 1"
    seen = 0

    def missing(self):
        return None

    def locate(self, x):
        self.seen += len(x)
        found = x[:, 0, 0, :4] + torch.where(x[:, :1, 0, 0] > 0, 0.0, torch.nan)
        return Detections(found, found.reshape(-1, 2, 2))


def test_an_image_is_embedded_once(x, tmp_path):
    recogniser = FakeRecogniser()
    cached = CachedRecogniser(recogniser, JudgementCache(tmp_path))
    first = cached.embed(x)
    torch.testing.assert_close(first, FakeRecogniser().embed(x), rtol=0, atol=0)
    assert recogniser.seen == 5
    torch.testing.assert_close(cached.embed(x.flip(0)), first.flip(0), rtol=0, atol=0)
    torch.testing.assert_close(cached.embed(torch.cat([x[:1], x[:1]])), first[[0, 0]], rtol=0, atol=0)
    assert recogniser.seen == 5
    cached.embed(torch.cat([x[:1] * 0.5] * 3))
    assert recogniser.seen == 6  # equal images of one batch are one image
    assert cached.embed(x[:0]).shape == (0, 48)
    cached.close()


def test_images_that_are_saved_alike_are_one_image(x, tmp_path):
    recogniser = FakeRecogniser()
    cached = CachedRecogniser(recogniser, JudgementCache(tmp_path))
    first = cached.embed(x)
    torch.testing.assert_close(cached.embed((x + 1e-4).clamp(-1, 1)), first, rtol=0, atol=0)
    assert recogniser.seen == 5
    cached.embed(x * 0.9)
    assert recogniser.seen == 10


def test_the_next_run_reads_what_this_one_saw(x, tmp_path):
    cached = CachedRecogniser(FakeRecogniser(), JudgementCache(tmp_path))
    first = cached.embed(x)
    cached.close()
    again = FakeRecogniser()
    torch.testing.assert_close(CachedRecogniser(again, JudgementCache(tmp_path)).embed(x), first, rtol=0, atol=0)
    assert again.seen == 0


def test_another_judge_looks_itself(x, tmp_path):
    cache = JudgementCache(tmp_path)
    CachedRecogniser(FakeRecogniser(), cache).embed(x)
    other = FakeRecogniser(fingerprint="fake 2")
    CachedRecogniser(other, cache).embed(x)
    assert other.seen == 5
    detector = HalfBlind()
    CachedDetector(detector, cache).locate(x)
    assert detector.seen == 5


def test_images_without_a_face_stay_without_one(x, tmp_path):
    detector = HalfBlind()
    cached = CachedDetector(detector, JudgementCache(tmp_path))
    first, again = cached.locate(x), cached.locate(x)
    assert detector.seen == 5
    assert 0 < first.found.sum() < 5
    assert first.points.shape == (5, 2, 2)
    for a, b in zip(first, again, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


def test_it_is_the_judge_that_it_wraps(tmp_path):
    cached = CachedRecogniser(FakeRecogniser(available=False, note="a note"), JudgementCache(tmp_path))
    assert (cached.name, cached.note, cached.fingerprint, cached.used_in_training_loss) == (
        "fake",
        "a note",
        "fake 1",
        False,
    )
    assert "pip install fake" in cached.missing()
    detector = CachedDetector(HalfBlind(), JudgementCache(tmp_path))
    assert (detector.name, detector.settings, detector.landmarks) == ("half blind", "with one eye", 2)


def test_a_damaged_file_costs_time_and_nothing_else(x, tmp_path, caplog):
    cache = JudgementCache(tmp_path)
    cache.path.write_bytes(b"not a database" * 100)
    cached = CachedRecogniser(FakeRecogniser(), cache)
    with caplog.at_level(logging.WARNING):
        torch.testing.assert_close(cached.embed(x), FakeRecogniser().embed(x))
        cached.embed(x)
    assert len(caplog.records) == 1
    assert "Delete it" in caplog.text
    assert cache.path.read_bytes().startswith(b"not a database")
