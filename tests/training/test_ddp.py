"""A failure here: training on several GPUs would stop at once, or each would train a model of its own."""

import csv
from pathlib import Path

import pytest
import torch

from riddle_pl.packs import Pack
from riddle_pl.training.checkpoint_file import load_checkpoint
from tests.training.jobs import fit, small_job


@pytest.mark.skipif(not hasattr(torch.distributed, "is_gloo_available"), reason="this PyTorch has no gloo")
def test_two_processes_train_one_encryptor(tiny_pack: Pack, tmp_path: Path) -> None:
    overrides = ["trainer.devices=2", "+trainer.strategy=ddp_fork", "steps=2", "val_every=2"]
    fit(small_job(tiny_pack.folder, overrides), tmp_path)
    state = load_checkpoint(tmp_path / "checkpoints" / "last.ckpt")
    assert state["global_step"] == 2
    assert all(name.startswith("encryptor.") for name in state["state_dict"])


@pytest.mark.skipif(not hasattr(torch.distributed, "is_gloo_available"), reason="this PyTorch has no gloo")
def test_validation_is_the_same_on_one_process_and_on_two(tiny_pack: Pack, tmp_path: Path) -> None:
    still = ["optimizer=adamw", "optimizer.lr=0.0", "optimizer.weight_decay=0.0", "steps=1", "val_every=1"]
    uneven = ["data.val_samples=5", "+loss/term@loss.distinction=distinction", "+loss/term@loss.typical=typical"]
    found = []
    for processes in (1, 2):
        devices = [f"trainer.devices={processes}", "+trainer.strategy=" + ("auto" if processes == 1 else "ddp_fork")]
        folder = tmp_path / str(processes)
        fit(small_job(tiny_pack.folder, [*still, *uneven, *devices, "callbacks.grid=null"]), folder)
        rows = list(csv.DictReader((folder / "csv" / "metrics.csv").open()))
        found.append({key: float(row[key]) for row in rows for key in row if key.startswith("val/") and row[key]})
    assert len(found[0]) > 10
    assert found[0] == found[1]
