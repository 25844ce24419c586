"""A failure here: an encryptor that draws one face for every password would train to its end without a word."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from riddle_pl.errors import ConfigError
from riddle_pl.packs import Pack
from riddle_pl.training.build import build_data, build_module, build_trainer
from riddle_pl.training.code_figures import SPREAD_OF_FACES, SPREAD_OF_PASSWORDS
from riddle_pl.training.collapse import CollapseWarning
from tests.training.jobs import small_job

PASSWORDS = "collapsed: two passwords give one face (val/spread/passwords 0.0"
FACES = "collapsed: two faces become one (val/spread/faces 0.0"


class Fixed(nn.Module):
    """T of a formula, with one weight that changes nothing."""

    def __init__(self, formula: Callable[[Tensor, Tensor], Tensor]):
        super().__init__()
        self.formula = formula
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, w: Tensor, w_pwd: Tensor) -> Tensor:
        return self.formula(w, w_pwd) + 0.0 * self.weight


FORMULAS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], list[str]]] = {
    "constant": (lambda w, p: torch.full_like(w, 0.1), [PASSWORDS, FACES]),
    "the mean of W": (lambda w, p: torch.zeros_like(w), [PASSWORDS, FACES]),
    "the face again": (lambda w, p: w.clone(), [PASSWORDS]),
    "the password alone": (lambda w, p: p.clone(), [FACES]),
    "p - w": (lambda w, p: p - w, []),
}


@pytest.mark.parametrize(("formula", "warned"), FORMULAS.values(), ids=FORMULAS)
def test_it_fires_for_what_has_collapsed_and_not_for_the_difference(
    tiny_pack: Pack,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    formula: Callable[[Tensor, Tensor], Tensor],
    warned: list[str],
) -> None:
    overrides = ["stage=codes", "scheduler.warmup_steps=0", "batch_size=4", "data.val_samples=4", "logger=none"]
    job = small_job(tiny_pack.folder, [*overrides, "password=single_token", "steps=4", "val_every=2"], loss=())
    module = build_module(job, tiny_pack)
    module.encryptor = module._step.encryptor = Fixed(formula)
    with caplog.at_level(logging.WARNING):
        build_trainer(job, tmp_path, False).fit(module, datamodule=build_data(job, tiny_pack))
    lines = [record.getMessage() for record in caplog.records if "collapsed" in record.getMessage()]
    assert len(lines) == len(warned)  # once, though there were two validations
    for line, expected in zip(lines, warned, strict=True):
        assert line.startswith(f"step 2: {expected}")


def test_it_speaks_again_only_after_a_recovery(caplog: pytest.LogCaptureFixture) -> None:
    trainer, callback = pl.Trainer(logger=False, accelerator="cpu"), CollapseWarning(passwords=0.05)
    for spread in (0.06, 0.049, 0.01, 0.05, 0.04, None, 0.03):
        trainer.callback_metrics.clear()
        if spread is not None:
            trainer.callback_metrics["val/spread/passwords"] = torch.tensor(spread)
        callback.on_validation_end(trainer, pl.LightningModule())
    lines = [record.getMessage() for record in caplog.records]
    spoken = [line.rpartition(" ")[2] for line in lines if "collapsed" in line]
    assert spoken == ["0.049)", "0.040)", "0.030)"]


def test_faces_under_one_password_may_be_more_alike_than_one_face_under_two(caplog: pytest.LogCaptureFixture) -> None:
    trainer, callback = pl.Trainer(logger=False, accelerator="cpu"), CollapseWarning()
    for faces in (0.02, 0.009):
        trainer.callback_metrics.update({SPREAD_OF_PASSWORDS: torch.tensor(0.9), SPREAD_OF_FACES: torch.tensor(faces)})
        callback.on_validation_end(trainer, pl.LightningModule())
    lines = [record.getMessage() for record in caplog.records if "collapsed" in record.getMessage()]
    assert lines == ["step 0: collapsed: two faces become one (val/spread/faces 0.009)"]


@pytest.mark.parametrize("name", ["passwords", "faces"])
@pytest.mark.parametrize("bound", [-0.1, 1.1])
def test_a_bound_that_is_no_share_is_an_error(name: str, bound: float) -> None:
    with pytest.raises(ConfigError, match=f"callbacks.collapse.{name}={bound}; expected a share from 0 to 1"):
        CollapseWarning(**{name: bound})
