"""If this fails, a judge judges with other embeddings than its network's, or its absence ends in a traceback."""

import importlib.util
import shutil

import pytest
import torch

from riddle_pl.errors import CheckpointError, ConfigError, DeviceError
from riddle_pl.judging import dlib_jobs
from riddle_pl.judging.dlib_recogniser import DlibRecogniser
from riddle_pl.judging.recognisers import ImportedEvaluator, PackEvaluator
from riddle_pl.packs import load_pack
from riddle_pl.packs.install import import_file


@pytest.fixture(scope="module")
def x():
    return torch.rand(9, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_without_the_extra_dlib_says_how_to_get_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(dlib_jobs, "find_spec", lambda name: None if "face_rec" in name else real(name))
    assert "pip install 'riddle-pl[dlib]'" in DlibRecogniser().missing()
    with pytest.raises(ConfigError, match=r"riddle-pl\[dlib\]"):
        DlibRecogniser().check()


def test_the_pack_s_recogniser_confesses(tiny_pack, x):
    evaluator = PackEvaluator(tiny_pack, device="cpu")
    assert evaluator.missing() is None
    assert evaluator.used_in_training_loss
    assert "trained the encryptor" in evaluator.note
    torch.testing.assert_close(evaluator.embed(x), tiny_pack.load("recogniser")(x))
    assert evaluator.fingerprint == PackEvaluator(tiny_pack).fingerprint


@pytest.fixture
def checkpoint(shared):
    return shared / "weights" / "mobilefacenet_casia_068.ckpt"


def imported(**kwargs):
    return ImportedEvaluator("mobilefacenet", load_pack("evaluators"), "mobilefacenet", device="cpu", **kwargs)


def test_an_evaluator_that_was_not_imported_says_where_it_is_and_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path))
    pack = load_pack("evaluators")
    for role in pack.roles:
        reason = ImportedEvaluator("judge", pack, role, device="cpu").missing()
        assert pack.entry(role).file in reason
        assert "get it from https://" in reason
        assert f"riddle weights import {role} FILE --pack evaluators" in reason


def test_an_imported_checkpoint_judges_as_the_file_itself(checkpoint, monkeypatch, tmp_path, x):
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path))
    by_path = imported(path=str(checkpoint))
    assert by_path.missing() is None
    assert by_path.embed(x[:2]).shape == (2, 128)
    import_file(load_pack("evaluators"), "mobilefacenet", checkpoint)
    assert imported().missing() is None
    torch.testing.assert_close(imported().embed(x[:2]), by_path.embed(x[:2]))
    assert len(by_path.fingerprint) > 64


def test_another_network_is_refused(shared, x):
    evaluator = ImportedEvaluator(
        "irse50", load_pack("evaluators"), "irse50", str(shared / "weights" / "mobilefacenet_casia_068.ckpt")
    )
    assert evaluator.missing() is None  # a look at the file comes later
    with pytest.raises(CheckpointError, match=r"068\.ckpt"):
        evaluator.embed(x)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"evaluators.mobilefacenet.path .*068.ckpt does not exist"):
        imported(path=str(tmp_path / "068.ckpt")).missing()


def test_the_recogniser_of_the_loss_is_recognised_by_its_hash(tiny_pack, tiny_pack_folder, tmp_path):
    same = tmp_path / "same.safetensors"
    shutil.copy(tiny_pack.path("recogniser"), same)
    other = tiny_pack.path("parser")
    assert imported(path=str(same), training_pack=tiny_pack).used_in_training_loss
    assert not imported(path=str(other), training_pack=tiny_pack).used_in_training_loss
    assert not imported(path=str(same)).used_in_training_loss


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_named(tiny_pack, tmp_path):
    pack = load_pack("evaluators")
    for evaluator in (
        PackEvaluator(tiny_pack, device="cuda"),
        ImportedEvaluator("s", pack, "sphereface", device="cuda"),
    ):
        with pytest.raises(DeviceError, match="cuda"):
            evaluator.missing()
