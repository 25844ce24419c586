"""If this fails, a judge judges with other embeddings than its network's, or its absence ends in a traceback."""

import importlib.util

import pytest
import torch

from riddle_pl.errors import CheckpointError, ConfigError, DeviceError
from riddle_pl.evaluation import dlib_jobs
from riddle_pl.evaluation.dlib_recogniser import DlibRecogniser
from riddle_pl.evaluation.recognisers import DlibEvaluator, MobileFaceNetEvaluator, PackEvaluator

needs_dlib = pytest.mark.skipif(not DlibRecogniser.available(), reason="the extra [dlib] is not installed")


@pytest.fixture(scope="module")
def x():
    return torch.rand(9, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@needs_dlib
@pytest.mark.slow
def test_several_processes_embed_as_one(x):
    evaluator = DlibEvaluator(workers=2)
    try:
        torch.testing.assert_close(evaluator.embed(x), DlibRecogniser().embed(x), rtol=0, atol=0)
    finally:
        evaluator.close()
        evaluator.close()


@needs_dlib
def test_dlib_in_this_process(x):
    evaluator = DlibEvaluator(workers=1)
    evaluator.check()
    assert evaluator.embed(x[:2]).shape == (2, 128)
    assert "dlib-bin" in evaluator.fingerprint
    evaluator.close()


def test_without_the_extra_dlib_says_how_to_get_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(dlib_jobs, "find_spec", lambda name: None if "face_rec" in name else real(name))
    with pytest.raises(ConfigError, match=r"riddle-pl\[dlib\].*evaluators="):
        DlibEvaluator().check()


def test_dlib_needs_a_process():
    with pytest.raises(ConfigError, match="workers=0"):
        DlibEvaluator(workers=0)


def test_the_pack_s_recogniser_confesses(tiny_pack, x):
    evaluator = PackEvaluator(tiny_pack, device="cpu")
    evaluator.check()
    assert "trained the encryptor" in evaluator.note
    torch.testing.assert_close(evaluator.embed(x), tiny_pack.load("recogniser")(x))
    assert evaluator.fingerprint == PackEvaluator(tiny_pack).fingerprint


def test_mobilefacenet_by_path(shared, x):
    evaluator = MobileFaceNetEvaluator(str(shared / "weights" / "mobilefacenet_casia_068.ckpt"), device="cpu")
    evaluator.check()
    assert evaluator.embed(x[:2]).shape == (2, 128)
    assert len(evaluator.fingerprint) > 64


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"evaluators.mobilefacenet.path .*068.ckpt does not exist"):
        MobileFaceNetEvaluator(str(tmp_path / "068.ckpt"), device="cpu").check()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_named(tiny_pack, tmp_path):
    for evaluator in (PackEvaluator(tiny_pack, device="cuda"), MobileFaceNetEvaluator(str(tmp_path), device="cuda")):
        with pytest.raises(DeviceError, match="cuda"):
            evaluator.check()
