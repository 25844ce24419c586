"""If this fails, the share of images in which a face is found is not what the table says."""

import importlib.util

import numpy as np
import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation import dlib_recogniser
from riddle_pl.evaluation.detectors import Detector, DlibHOGDetector, MTCNNDetector
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
    assert detector.found(astronaut_and_nothing).tolist() == [True, False]
    assert str(detector.side) in detector.settings


def test_images_are_enlarged_and_in_8_bit_range(monkeypatch):
    pictures = []
    detector = MTCNNDetector(side=48)
    monkeypatch.setattr(Detector, "finds", lambda _self, _picture: True, raising=False)
    monkeypatch.setattr(detector, "finds", lambda picture: not pictures.append(picture))
    x = torch.stack([torch.full((3, 16, 16), -1.5), torch.full((3, 16, 16), 2.0)])
    assert detector.found(x).tolist() == [True, True]
    assert [(p.shape, p.dtype, p.min(), p.max()) for p in pictures] == [
        ((48, 48, 3), np.uint8, value, value) for value in (0, 255)
    ]


def test_no_images_is_no_answer():
    assert MTCNNDetector().found(torch.zeros(0, 3, 256, 256)).shape == (0,)


def test_an_absurd_side_is_refused():
    with pytest.raises(ConfigError, match=r"detectors.mtcnn.side=8"):
        MTCNNDetector(side=8)


def test_without_the_extra_hog_says_how_to_get_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(dlib_recogniser, "find_spec", lambda name: None if "face_rec" in name else real(name))
    with pytest.raises(ConfigError, match="detectors=mtcnn"):
        DlibHOGDetector().check()
