"""If this fails, the recogniser that judges the results is blind, or its absence ends in a traceback."""

import importlib.util
import tarfile

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from skimage import data

from riddle_pl.errors import ConfigError
from riddle_pl.faces.pixels import to_pictures
from riddle_pl.judging import dlib_jobs
from riddle_pl.judging.dlib_recogniser import LFW_COSINE_THRESHOLD, DlibRecogniser

needs_dlib = pytest.mark.skipif(not DlibRecogniser.available(), reason="the extra [dlib] is not installed")


@needs_dlib
def test_tells_people_apart_at_any_size(shared):
    names = ["Colin_Powell_0040", "Colin_Powell_0049", "Aaron_Peirsol_0001", "Aaron_Eckhart_0001"]
    with tarfile.open(shared / "data" / "lfw_128.tar") as archive:
        by_name = {member.name.rpartition("/")[2].removesuffix(".jpg"): member for member in archive.getmembers()}
        pictures = [Image.open(archive.extractfile(by_name[name])).convert("RGB").copy() for name in names]
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    recogniser = DlibRecogniser()
    for images in (x, F.interpolate(x, (64, 64), mode="area")):
        e = F.normalize(recogniser.embed(images), dim=1)
        assert e.shape == (4, 128)
        cosines = e @ e.T
        assert cosines[0, 1] > LFW_COSINE_THRESHOLD
        assert max(cosines[0, 2], cosines[0, 3], cosines[2, 3]) < LFW_COSINE_THRESHOLD


@needs_dlib
def test_is_deterministic_and_takes_no_images():
    recogniser = DlibRecogniser()
    x = torch.rand(1, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(recogniser.embed(x), recogniser.embed(x), rtol=0, atol=0)
    assert recogniser.embed(x[:0]).shape == (0, 128)
    assert recogniser.missing() is None
    assert "dlib-bin" in recogniser.fingerprint


@needs_dlib
def test_the_network_is_dlib_s_own():
    import dlib

    folder = dlib_jobs.models_folder()
    landmarks = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(folder / dlib_jobs.RECOGNISER))
    [picture] = to_pictures(torch.from_numpy(data.astronaut()[0:200, 120:320]).permute(2, 0, 1)[None] / 127.5 - 1, 256)
    expected = network.compute_face_descriptor(picture, landmarks(picture, dlib.rectangle(*dlib_jobs.FACE_BOX)))
    x = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    torch.testing.assert_close(DlibRecogniser().embed(x)[0], torch.tensor(list(expected)), atol=1e-5, rtol=0)


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(dlib_jobs, "find_spec", lambda name: None if "face_rec" in name else real(name))
    assert not DlibRecogniser.available()
    with pytest.raises(ConfigError, match=r"riddle-pl\[dlib\]"):
        DlibRecogniser().embed(torch.zeros(1, 3, 32, 32))
