"""A failure here: a cluster's signal loses the work, or a requeued job begins anew."""

import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl

from riddle_pl.errors import ConfigError
from riddle_pl.packs import Pack
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.checkpointing import Interrupted, LastCheckpoint, newest_checkpoint
from riddle_pl.training.cluster import slurm
from tests.training.jobs import fit, small_job

QUIET = ("callbacks.grid=null", "logger=none", "val_every=100")


class Signal(pl.Callback):
    """Sends the process a signal in the middle of a step."""

    def __init__(self, name: str, step: int = 2):
        self.number = signal.Signals[name]
        self.step = step

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.global_step + 1 == self.step:
            os.kill(os.getpid(), self.number)


class Look(pl.Callback):
    """Remembers after which steps there was a checkpoint, and of which step."""

    found: list[tuple[int, int]]

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        last = Path(trainer.default_root_dir) / "checkpoints" / "last.ckpt"
        if last.exists():
            type(self).found.append((trainer.global_step, load_checkpoint(last)["global_step"]))


def at(name: str, step: int = 2) -> str:
    return f"+callbacks.at={{_target_: tests.training.test_checkpointing.Signal, name: {name}, step: {step}}}"


@pytest.mark.parametrize(
    ("name", "status", "words"), [("SIGTERM", 143, "stopped by SIGTERM"), ("SIGINT", 130, "interr")]
)
def test_a_signal_ends_the_step_saves_and_stops(
    tiny_pack: Pack, tmp_path: Path, name: str, status: int, words: str
) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match=f"{words}.* after step 2") as stop:
        fit(small_job(tiny_pack.folder, [at(name), *QUIET]), tmp_path)
    assert stop.value.status == status
    assert stop.value.checkpoint == tmp_path / "checkpoints" / "last.ckpt"
    assert load_checkpoint(tmp_path / "checkpoints" / "last.ckpt")["global_step"] == 2
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_checkpoint_is_written_when_it_is_time(tiny_pack: Pack, tmp_path: Path) -> None:
    Look.found = []
    look = "+callbacks.look={_target_: tests.training.test_checkpointing.Look}"
    fit(small_job(tiny_pack.folder, ["callbacks.last.minutes=1e-9", look, *QUIET]), tmp_path)
    assert Look.found == [(1, 1), (2, 2), (3, 3)]


def test_the_shipped_run_is_saved_every_quarter_of_an_hour(tiny_pack: Pack) -> None:
    assert small_job(tiny_pack.folder).callbacks.last.minutes == 15
    with pytest.raises(ConfigError, match=r"minutes=0"):
        LastCheckpoint(minutes=0)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SLURM job of one task, and the file that ``scontrol`` writes its arguments to."""
    called = tmp_path / "scontrol.txt"
    program = tmp_path / "bin" / "scontrol"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    numbers = {"SLURM_NTASKS": "1", "SLURM_NTASKS_PER_NODE": "1", "SLURM_NNODES": "1", "SLURM_JOB_ID": "77"}
    ranks = {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_JOB_NAME": "train"}
    for name, value in (numbers | ranks).items():
        monkeypatch.setenv(name, value)
    return called


def test_slurms_signal_saves_after_the_step_and_requeues(tiny_pack: Pack, tmp_path: Path, job: Path) -> None:
    run = tmp_path / "run"
    on_slurm = ["trainer=slurm", "trainer.accelerator=cpu", "trainer.strategy=auto", *QUIET]
    path = fit(small_job(tiny_pack.folder, [*on_slurm, at("SIGUSR1"), "steps=3"]), run)
    assert job.read_text().split() == ["requeue", "77"]
    assert path == run / "checkpoints" / "last.ckpt"
    assert not list(run.glob("hpc_ckpt_*"))  # what is newer took its place

    path.unlink()
    with pytest.raises(KeyError):  # the job ends here, requeued
        fit(small_job(tiny_pack.folder, [*on_slurm, at("SIGUSR1"), broken(3)]), run)
    requeued = newest_checkpoint(run)
    assert requeued is not None
    assert requeued.name.startswith("hpc_ckpt_")
    assert load_checkpoint(requeued)["global_step"] == 2
    assert job.read_text().split() == ["requeue", "77"] * 2
    path = fit(small_job(tiny_pack.folder, [*on_slurm, "steps=3"]), run, restarted=True)
    assert path is not None
    assert load_checkpoint(path)["global_step"] == 3


class Break(pl.Callback):
    def __init__(self, step: int):
        self.step = step

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        if trainer.global_step + 1 == self.step:
            raise KeyError("broken")


def broken(step: int) -> str:
    return f"+callbacks.break={{_target_: tests.training.test_checkpointing.Break, step: {step}}}"


def test_slurm_is_for_the_tasks_of_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_NTASKS", raising=False)
    with pytest.raises(ConfigError, match="start it with srun"):
        slurm()
    with pytest.raises(ConfigError, match="requeue_signal=SIGUSR9"):
        slurm("SIGUSR9")


def test_a_run_that_was_not_restarted_begins_anew(tiny_pack: Pack, tmp_path: Path) -> None:
    fit(small_job(tiny_pack.folder, [*QUIET, "steps=2"]), tmp_path)
    path = fit(small_job(tiny_pack.folder, [*QUIET, "steps=1"]), tmp_path)
    assert path is not None
    assert load_checkpoint(path)["global_step"] == 1
