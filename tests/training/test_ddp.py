"""A failure here: training on several GPUs would stop at once, or each would train a model of its own."""

from pathlib import Path

import pytest
import torch

from riddle_pl.packs import Pack
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.run import fit
from tests.training.jobs import small_job


@pytest.mark.skipif(not hasattr(torch.distributed, "is_gloo_available"), reason="this PyTorch has no gloo")
def test_two_processes_train_one_encryptor(tiny_pack: Pack, tmp_path: Path) -> None:
    overrides = ["trainer.devices=2", "+trainer.strategy=ddp_fork", "steps=2", "val_every=2"]
    fit(small_job(tiny_pack.folder, overrides), tmp_path)
    state = load_checkpoint(tmp_path / "checkpoints" / "last.ckpt")
    assert state["global_step"] == 2
    assert all(name.startswith("encryptor.") for name in state["state_dict"])
