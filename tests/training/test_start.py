"""A failure here: a run that is to go on from a pack's encryptor begins elsewhere, or forgets how codes lie."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from riddle_pl.errors import CheckpointError, ConfigError, PackError
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.packs import Pack
from riddle_pl.password import SingleToken
from riddle_pl.training import module as training_module
from riddle_pl.training.build import build_data, build_module, build_trainer
from riddle_pl.training.export import load_checkpoint, load_trained_encryptor
from riddle_pl.training.module import RiddleModule
from riddle_pl.training.start import start_encryptor_from_run
from tests.training.jobs import fit, small_job

NO_FILES = ["logger=none", "callbacks.last=null", "callbacks.grid=null"]
RESIDUAL = ["encryptor=transformer", "encryptor.depth=1", "encryptor.ffn=64", "password=per_layer"]


def test_a_run_starts_at_the_packs_encryptor_and_what_it_knows_of_the_codes(tiny_pack: Pack, tmp_path: Path) -> None:
    of_pack = tiny_pack.load("encryptor").state_dict()
    job = small_job(tiny_pack.folder, [*RESIDUAL, f"start_pack={tiny_pack.folder}", "optimizer.lr=0", *NO_FILES], False)
    module = build_module(job, tiny_pack)
    assert all(torch.equal(value, of_pack[name]) for name, value in module.encryptor.state_dict().items())
    build_trainer(job, tmp_path, False).fit(module, datamodule=build_data(job, tiny_pack))
    after = module.encryptor.state_dict()
    assert torch.equal(after["w_mean"], of_pack["w_mean"])
    assert torch.equal(after["w_std"], of_pack["w_std"])


def test_the_exported_role_is_the_one_that_it_starts_at(tiny_pack: Pack) -> None:
    involutive = ["encryptor.hidden=16", "encryptor.depth=2", "password=single_token", "export_role=encryptor-df"]
    module = build_module(
        small_job(tiny_pack.folder, [*involutive, f"start_pack={tiny_pack.folder}"], False), tiny_pack
    )
    of_pack = tiny_pack.load("encryptor-df").state_dict()
    assert all(torch.equal(value, of_pack[name]) for name, value in module.encryptor.state_dict().items())


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["password=single_token"], ConfigError, "give password=per_layer"),
        (["encryptor.ffn=32"], CheckpointError, "encryptor of pack .* has another shape"),
        (["encryptor=involutive"], CheckpointError, "does not fit InvolutiveEncryptor"),
        (["export_role=encryptor-x"], PackError, "encryptor-x"),
    ],
    ids=["tokens", "shape", "kind", "role"],
)
def test_a_start_that_does_not_fit_is_an_error(
    tiny_pack: Pack, overrides: list[str], error: type[Exception], message: str
) -> None:
    base = RESIDUAL[3:] if "encryptor=involutive" in overrides else RESIDUAL
    job = small_job(tiny_pack.folder, [*base, f"start_pack={tiny_pack.folder}", *overrides], False)
    with pytest.raises(error, match=message):
        build_module(job, tiny_pack)


PAPER = ["encryptor=transformer_paper", "encryptor.groups=[5,3]", "encryptor.ffn=16", "password=single_token"]


@pytest.fixture(scope="module")
def earlier(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of an earlier run, whose average is not its last weights."""
    overrides = [*PAPER, "steps=2", "val_every=3", "callbacks.ema.warm_up=false", "callbacks.ema.decay=0.5"]
    last = fit(small_job(tiny_pack.folder, overrides, False), tmp_path_factory.mktemp("earlier"))
    assert last is not None
    return last


def test_a_run_starts_at_the_average_of_an_earlier_one(tiny_pack: Pack, tmp_path: Path, earlier: Path) -> None:
    state = load_checkpoint(earlier)
    average = state["encryptor_ema"]
    weight = "layers.0.linear1.weight"
    assert not torch.equal(average[weight], state["state_dict"][f"encryptor.{weight}"])
    overrides = [*PAPER, "encryptor.start=difference", f"start_ckpt={earlier}", "optimizer.lr=0", *NO_FILES]
    job = small_job(tiny_pack.folder, overrides, False)
    module = build_module(job, tiny_pack)
    build_trainer(job, tmp_path, False).fit(module, datamodule=build_data(job, tiny_pack))  # fits it to no codes
    assert all(torch.equal(value, average[name]) for name, value in module.encryptor.state_dict().items())
    assert module.trainer.global_step == 4  # a run of its own, not the rest of the earlier one


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["password=per_layer"], "start_ckpt=.*give password=single_token"),
        (
            ["encryptor.ffn=32"],
            "the encryptor of .*last.ckpt does not fit TransformerPaperEncryptor: it has another shape",
        ),
    ],
    ids=["tokens", "shape"],
)
def test_a_run_of_another_encryptor_is_no_start(
    tiny_pack: Pack, earlier: Path, overrides: list[str], message: str
) -> None:
    job = small_job(tiny_pack.folder, [*PAPER, f"start_ckpt={earlier}", *overrides], False)
    with pytest.raises(CheckpointError, match=message):
        build_module(job, tiny_pack)


def test_a_standardised_encryptor_starts_one_in_the_papers_weights(tiny_pack: Pack, tmp_path: Path) -> None:
    overrides = [*PAPER, "encryptor.dropout=0.0", "encryptor.start=difference", "steps=1"]
    last = fit(small_job(tiny_pack.folder, [*overrides, "encryptor.standardised=true"], False), tmp_path)
    standardised, _ = load_trained_encryptor(last)  # type: ignore[arg-type]  # it keeps a checkpoint
    job = small_job(tiny_pack.folder, [*overrides, f"start_ckpt={last}"], False)
    module = build_module(job, tiny_pack)
    assert not {"mean", "scale"} & set(module.encryptor.state_dict())
    w, w_pwd = build_data(job, tiny_pack).codes(8).chunk(2)  # type: ignore[attr-defined]  # of the data-free module
    torch.testing.assert_close(module.encryptor(w, w_pwd), standardised(w, w_pwd), rtol=0, atol=1e-3)
    assert standardised.mean.abs().max() > 0


def test_a_run_with_another_generator_is_no_start(tiny_pack: Pack, earlier: Path) -> None:
    networks = tiny_pack.manifest.networks
    generator = replace(networks["generator"], sha256="f" * 64)
    other = Pack(replace(tiny_pack.manifest, networks={**networks, "generator": generator}), tiny_pack.folder)
    T = TransformerPaperEncryptor(8, (5, 3), ffn=16)
    with pytest.raises(CheckpointError, match=r"start_ckpt=.*last.ckpt: .*generator f{16}"):
        start_encryptor_from_run(str(earlier), other, T, SingleToken())


def test_codes_go_where_the_encryptor_is_and_not_where_it_will_be(
    tiny_pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Lightning sets up a run on a GPU, the module names the GPU, and its networks are still on the CPU."""
    job = small_job(tiny_pack.folder)
    module = build_module(job, tiny_pack)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(training_module, "fit_to_codes", lambda encryptor, codes: seen.append(codes))
    monkeypatch.setattr(RiddleModule, "device", property(lambda self: torch.device("meta")))
    monkeypatch.setattr(
        RiddleModule, "trainer", property(lambda self: SimpleNamespace(datamodule=build_data(job, tiny_pack)))
    )
    module.setup("fit")
    [codes] = seen
    assert codes.device.type == "cpu"


def test_an_encryptor_without_weights_is_fitted_elsewhere(tiny_pack: Pack) -> None:
    padded = ["encryptor=padded", "encryptor.components=8", "password=key_stream"]
    job = small_job(tiny_pack.folder, padded, tiny_encryptor=False)
    with pytest.raises(ConfigError, match=r"PaddedEncryptor has no weights .*`riddle-pretrain recipe=code_model`"):
        build_module(job, tiny_pack)
