"""If this fails, a training run is evaluated with other weights or another pack than its own."""

import pytest
import torch

from riddle_pl.errors import CheckpointError
from riddle_pl.evaluation.methods.checkpoint import CheckpointMethod
from riddle_pl.evaluation.methods.passwords import TextPasswords
from riddle_pl.files import sha256_file
from riddle_pl.inversion import EncoderInversion
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.password import token_scheme


@pytest.fixture
def run(tmp_path, tiny_pack):
    """RUN/checkpoints/last.ckpt, as riddle-train lays it out."""
    torch.manual_seed(0)
    encryptor = MLPEncryptor(num_layers=tiny_pack.num_layers)
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    path.parent.mkdir(parents=True)
    checkpoint = {
        "state_dict": {f"encryptor.{key}": value for key, value in encryptor.state_dict().items()},
        "hyper_parameters": {"name": "wo_transformer", "seed": 3},
        "global_step": 7,
        "riddle": {
            "pack": "tiny",
            "sha256": {"generator": tiny_pack.expected_sha256("generator")},
            "tokens": "single",
            "encryptor": {"arch": "mlp", "args": {"num_layers": tiny_pack.num_layers}},
        },
    }
    torch.save(checkpoint, path)
    return path, encryptor.eval(), checkpoint


def method(path, pack):
    return CheckpointMethod(str(path), EncoderInversion(pack, "cpu"), TextPasswords(), 0, "cpu")


def test_the_run_s_encryptor_encrypts(run, tiny_pack):
    path, encryptor, _ = run
    checkpointed = method(path, tiny_pack)
    checkpointed.check()
    x = torch.rand(1, 3, 32, 32) * 2 - 1
    images = checkpointed.images(["a"], x)
    networks = checkpointed.networks
    w_pwd = networks.tokens.latent(
        networks.generator, torch.full((1, 1, networks.generator.style_dim), 0.5, dtype=torch.float64)
    )
    assert networks.tokens.name == token_scheme("single").name
    w = checkpointed.inversion(x)
    with torch.no_grad():
        torch.testing.assert_close(networks.encryptor(w, w_pwd), encryptor(w, w_pwd))
    assert images["recovered"].shape == (1, 3, 32, 32)


def test_it_says_which_run_it_is(run, tiny_pack):
    path, _, _ = run
    checkpointed = method(path, tiny_pack)
    assert (checkpointed.experiment, checkpointed.training_seed) == ("wo_transformer", 3)
    assert checkpointed.label == "wo_transformer, seed 3"
    assert checkpointed.sha256 == sha256_file(path)
    assert checkpointed.sha256 in checkpointed.facts["encryptor"]
    assert "7 steps" in checkpointed.facts["encryptor"]
    assert checkpointed.training_log is None
    (path.parent.parent / "csv").mkdir()
    (path.parent.parent / "csv" / "metrics.csv").write_text("step,loss/total\n0,1\n")
    assert checkpointed.training_log.name == "metrics.csv"


def test_another_pack_s_generator_is_refused(run, tiny_pack):
    path, _, checkpoint = run
    checkpoint["riddle"]["sha256"]["generator"] = "0" * 64
    torch.save(checkpoint, path)
    with pytest.raises(CheckpointError, match=r"method\.path=.*was trained with generator 0000000000000000"):
        method(path, tiny_pack).check()


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_what_is_no_checkpoint_is_refused(tmp_path, tiny_pack, content):
    (tmp_path / "last.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError):
        method(tmp_path / "last.ckpt", tiny_pack).check()
    with pytest.raises(CheckpointError, match="does not exist"):
        method(tmp_path / "gone.ckpt", tiny_pack).check()
