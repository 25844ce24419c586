"""A failure here: a run ends with status 0 and weights that are no numbers, or exports them over good ones."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from riddle_pl.errors import ConfigError, NonFiniteError, PackError
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.export import export_encryptor
from riddle_pl.training.finite import all_finite, not_finite
from riddle_pl.training.preflight import check_job
from tests.training.jobs import fit, small_job

QUIET = ("callbacks.grid=null", "logger=none")
EXPORTED = ("encryptor=involutive", "encryptor.hidden=16", "encryptor.depth=1")


class Spoil(pl.Callback):
    """Puts a number that is none into ``what`` at ``step``."""

    def __init__(self, what: str, step: int = 3):
        self.what = what
        self.step = step

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.what == "gradient" and trainer.global_step + 1 == self.step:
            pl_module.encryptor.output.bias.grad[0] = torch.inf  # type: ignore[union-attr, operator]

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if self.what == "weight" and trainer.global_step == self.step:
            with torch.no_grad():
                pl_module.encryptor.output.bias[0] = torch.nan  # type: ignore[union-attr, operator, index]

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        if self.what == "loss" and trainer.global_step + 1 == self.step:
            batch["w"][0] = torch.nan

    def on_validation_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, *_: Any
    ) -> None:
        if self.what == "validation" and trainer.global_step == self.step:
            batch["w"][0] = torch.inf


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("loss", r"step 3: .*loss/recovery is nan.* last good checkpoint, .*last\.ckpt"),
        ("gradient", r"step 3: the gradient of encryptor\.output\.bias is not finite.*last\.ckpt"),
        ("validation", r"val/loss/\w+ is nan.*last\.ckpt"),
        ("weight", r"the weight encryptor\.output\.bias is not finite.*last\.ckpt"),
    ],
)
def test_what_is_no_number_stops_a_run_and_is_not_saved(tiny_pack: Pack, tmp_path: Path, what: str, said: str) -> None:
    step = {"validation": 4, "weight": 4}.get(what, 3)
    spoil = f"+callbacks.spoil={{_target_: tests.training.test_finite.Spoil, what: {what}, step: {step}}}"
    with pytest.raises(NonFiniteError, match=said) as error:
        fit(small_job(tiny_pack.folder, [spoil, *QUIET]), tmp_path)
    assert "\n" not in str(error.value)
    kept = load_checkpoint(tmp_path / "checkpoints" / "last.ckpt")
    assert kept["global_step"] == 2
    assert all(torch.isfinite(value).all() for value in kept["state_dict"].values())


def test_a_run_without_checkpoints_says_so(tiny_pack: Pack, tmp_path: Path) -> None:
    spoil = "+callbacks.spoil={_target_: tests.training.test_finite.Spoil, what: loss, step: 1}"
    with pytest.raises(NonFiniteError, match="no checkpoint was written"):
        fit(small_job(tiny_pack.folder, ["callbacks.last=null", spoil, *QUIET]), tmp_path)


def test_of_terms_the_total_is_named_only_alone() -> None:
    nan = torch.tensor(torch.nan)
    good = torch.tensor(1.0)
    assert not_finite({"loss/total": nan, "loss/pixel": nan, "loss/latent": good, "lr": nan}, "loss/") == [
        "loss/pixel is nan"
    ]
    assert not_finite({"loss/total": -good / 0, "loss/pixel": good}, "loss/") == ["loss/total is -inf"]


def test_large_numbers_are_numbers() -> None:
    assert all_finite([torch.tensor([3e38, -3e38]), None, torch.zeros(0), torch.tensor([1])])
    assert not all_finite([torch.ones(3), torch.tensor([0.0, torch.nan])])
    assert not all_finite([torch.tensor([-torch.inf])])


def test_a_batch_of_one_is_refused_where_a_term_compares_faces(tiny_pack: Pack) -> None:
    job = small_job(tiny_pack.folder, ["loss=involutive", "batch_size=1"], False, loss=())
    with pytest.raises(ConfigError, match=r"loss\.typical .* batch_size=2 or more"):
        check_job(job)


# Export.


@pytest.fixture(scope="module")
def checkpoint(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = fit(small_job(tiny_pack.folder, [*EXPORTED, "steps=1", *QUIET], False), tmp_path_factory.mktemp("run"))
    assert path is not None
    return path


def test_weights_that_are_no_numbers_are_not_exported(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    state = torch.load(checkpoint, weights_only=True)
    name = next(iter(state["encryptor_ema"]))
    state["encryptor_ema"][name] = torch.full_like(state["encryptor_ema"][name], torch.nan)
    torch.save(state, tmp_path / "bad.ckpt")
    with pytest.raises(PackError, match=f"1 of .* tensors of encryptor hold .*{name}"):
        export_encryptor(tmp_path / "bad.ckpt", folder, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_network_is_written_over_only_when_asked(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    before = load_pack(folder).entry("encryptor").sha256
    job = [*EXPORTED, f"export={folder}"]
    with pytest.raises(PackError, match=r"encryptor already.*export_overwrite=true"):
        check_job(small_job(folder, job, False))
    with pytest.raises(PackError, match="encryptor already"):
        export_encryptor(checkpoint, folder)
    assert load_pack(folder).entry("encryptor").sha256 == before
    check_job(small_job(folder, [*job, "export_overwrite=true"], False))
    export_encryptor(checkpoint, folder, overwrite=True)
    assert load_pack(folder).entry("encryptor").sha256 != before


def test_a_finished_run_is_exported(tiny_pack: Pack, checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    job = [*EXPORTED, "steps=1", *QUIET, f"ckpt_path={checkpoint}", f"export={folder}", "export_role=encryptor-late"]
    assert fit(small_job(folder, job, False), tmp_path / "run") == checkpoint
    assert load_pack(folder).has("encryptor-late")


@pytest.mark.parametrize("keeps_nothing", ["debug=fast_dev_run", "callbacks.last=null"])
def test_an_export_of_nothing_is_refused(tiny_pack: Pack, tmp_path: Path, keeps_nothing: str) -> None:
    folder = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    job = [*EXPORTED, f"export={folder}", "export_role=encryptor-new", keeps_nothing]
    with pytest.raises(ConfigError, match="keeps no checkpoint"):
        check_job(small_job(folder, job, False))
