"""If this fails, faces found, or how far their boxes and landmarks moved, are not what the table says."""

import importlib.util

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.judging import dlib_jobs
from riddle_pl.judging.detectors import DlibHOGDetector, MTCNNDetector
from riddle_pl.judging.dlib_recogniser import DlibRecogniser

needs_dlib = pytest.mark.skipif(not DlibRecogniser.available(), reason="the extra [dlib] is not installed")


@pytest.fixture(scope="module")
def astronaut_and_nothing():
    """An aligned face at 64 px, and a grey image."""
    from skimage import data

    face = torch.from_numpy(data.astronaut()[0:200, 120:320].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    small = torch.nn.functional.interpolate(face, (64, 64), mode="area")
    return torch.cat([small, torch.zeros_like(small)])


@pytest.mark.parametrize(
    "detector", [MTCNNDetector(side=128), pytest.param(DlibHOGDetector(side=256), marks=needs_dlib)]
)
def test_a_face_is_found_and_nothing_is_not(detector, astronaut_and_nothing):
    detector.check()
    assert detector.locate(astronaut_and_nothing).found.tolist() == [True, False]
    assert str(detector.side) in detector.settings


def test_boxes_and_landmarks_are_in_pixels_at_256(astronaut_and_nothing):
    coarse, fine = (MTCNNDetector(side=side).locate(astronaut_and_nothing) for side in (128, 256))
    for detections in (coarse, fine):
        left, top, right, bottom = detections.boxes[0]
        eye, other_eye, nose, mouth, _ = detections.points[0]
        assert 0 < left < eye[0] < other_eye[0] < right < 256
        assert 0 < top < eye[1] < nose[1] < mouth[1] < bottom < 256
        assert detections.points[1].isnan().all()
    assert (coarse.points[0] - fine.points[0]).abs().mean() < 8


@needs_dlib
def test_dlib_s_68_landmarks_agree_with_mtcnn_s_five(astronaut_and_nothing):
    five = MTCNNDetector().locate(astronaut_and_nothing).points[0]
    points = DlibHOGDetector(workers=1).locate(astronaut_and_nothing).points
    assert points.shape == (2, 68, 2)
    assert points[1].isnan().all()
    eyes, nose, mouth = (points[0, 36:42], points[0, 42:48]), points[0, 30], (points[0, 48], points[0, 54])
    same = torch.stack([*(eye.mean(dim=0) for eye in eyes), nose, *mouth])
    assert (same - five).abs().max() < 12


def test_no_images_is_no_answer():
    assert MTCNNDetector().locate(torch.zeros(0, 3, 256, 256)).found.shape == (0,)


def test_an_absurd_side_is_refused():
    with pytest.raises(ConfigError, match=r"detectors.mtcnn.side=8"):
        MTCNNDetector(side=8)


def test_without_the_extra_hog_says_how_to_get_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(dlib_jobs, "find_spec", lambda name: None if "face_rec" in name else real(name))
    with pytest.raises(ConfigError, match="detectors=mtcnn"):
        DlibHOGDetector().check()


@pytest.mark.parametrize("detector", [MTCNNDetector, DlibHOGDetector])
def test_a_detector_needs_a_process(detector):
    with pytest.raises(ConfigError, match=rf"detectors.{detector.name}.workers=0"):
        detector(workers=0)


def test_settings_that_change_the_answer_change_the_fingerprint():
    variants = [MTCNNDetector(), MTCNNDetector(side=128), MTCNNDetector(min_face=20), MTCNNDetector(min_score=0.5)]
    assert len({detector.fingerprint for detector in variants}) == 4
    assert MTCNNDetector(workers=1).fingerprint == MTCNNDetector(workers=2).fingerprint
