"""If this fails, the share of images in which a face is found is not what the table says."""

import importlib.util

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation import dlib_jobs
from riddle_pl.evaluation.detectors import DlibHOGDetector, MTCNNDetector
from riddle_pl.evaluation.dlib_recogniser import DlibRecogniser

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


def test_no_images_is_no_answer():
    assert MTCNNDetector().found(torch.zeros(0, 3, 256, 256)).found.shape == (0,)


def test_an_absurd_side_is_refused():
    with pytest.raises(ConfigError, match=r"detectors.mtcnn.side=8"):
        MTCNNDetector(side=8)


def test_without_the_extra_hog_says_how_to_get_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(dlib_jobs, "find_spec", lambda name: None if "face_rec" in name else real(name))
    with pytest.raises(ConfigError, match="detectors=mtcnn"):
        DlibHOGDetector().check()
