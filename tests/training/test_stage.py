"""A failure here: a run on codes would draw pictures, could not be resumed or exported, or lead nowhere."""

import csv
import shutil
from pathlib import Path

import pytest
import torch

from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training.build import build_module
from riddle_pl.training.export import load_checkpoint
from tests.training.jobs import fit, small_job
from tests.training.test_run import assert_same_state

CODES = (
    "experiment=riddle_df",
    "stage=codes",
    "encryptor.groups=[3,3,2]",
    "encryptor.ffn=16",
    "scheduler.warmup_steps=1",
    "scheduler.total_steps=4",
    "batch_size=4",
    "data.val_samples=4",
)


def train(pack: Pack, folder: Path, *overrides: str) -> Path:
    last = fit(small_job(pack.folder, [*CODES, *overrides], tiny_encryptor=False, loss=()), folder)
    assert last is not None
    return last


@pytest.fixture(scope="module")
def run(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run of 4 steps in which to draw a picture is an error."""
    folder = tmp_path_factory.mktemp("codes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riddle_pl.losses.code_space.SAMPLES", 64)
        patch.setattr("riddle_pl.training.module.STATISTICS_SAMPLES", 64)
        patch.setattr(Generator, "forward", None)
        train(tiny_pack, folder, "+callbacks.every={_target_: tests.training.jobs.SaveEveryStep}")
    return folder


def test_no_picture_is_drawn_and_no_recogniser_is_there(tiny_pack: Pack, run: Path) -> None:
    assert not (run / "grids").exists()
    rows = list(csv.DictReader((run / "csv" / "metrics.csv").open()))
    columns = set(rows[0])
    assert {"loss/recovery_codes", "val/codes/recovery", "val/spread/passwords", "val/spread/faces"} <= columns
    assert not [name for name in columns if name.startswith("val/cosine")]
    module = build_module(small_job(tiny_pack.folder, CODES, tiny_encryptor=False, loss=()), tiny_pack)
    assert module.recogniser is module.perceptual is module.parser is None


def test_it_begins_at_the_difference(run: Path) -> None:
    first, *_ = (row for row in csv.DictReader((run / "csv" / "metrics.csv").open()) if row["val/codes/recovery"])
    assert float(first["val/codes/recovery"]) > 0.8
    assert float(first["val/codes/deid"]) < -0.3


def test_resuming_equals_never_stopping(tiny_pack: Pack, run: Path, tmp_path: Path) -> None:
    torch.manual_seed(12345)
    resumed = train(tiny_pack, tmp_path, f"ckpt_path={run / 'step_3.ckpt'}")
    assert_same_state(load_checkpoint(run / "checkpoints" / "last.ckpt"), load_checkpoint(resumed))


@pytest.mark.slow
def test_its_encryptor_goes_into_a_pack_and_on_to_pictures(tiny_pack: Pack, run: Path, tmp_path: Path) -> None:
    pack = Path(shutil.copytree(tiny_pack.folder, tmp_path / "pack"))
    last = train(tiny_pack, tmp_path / "codes", "steps=2", f"export={pack}", "export_role=encryptor-paper")
    network, tokens = load_pack(pack).encryptor("encryptor-paper")
    assert tokens.name == "single"
    averaged = load_checkpoint(last)["encryptor_ema"]
    assert all(torch.equal(value, averaged[name]) for name, value in network.state_dict().items())
    assert "CodesStage" in (pack / "encryptor-paper.md").read_text()

    pictures = [*CODES[:1], *CODES[2:4], f"start_ckpt={last}", "optimizer.lr=0"]
    no_features = ("loss.perceptual=null", "loss.parse=null")
    job = small_job(tiny_pack.folder, pictures, tiny_encryptor=False, loss=no_features)
    state = load_checkpoint(fit(job, tmp_path / "pictures"))  # type: ignore[arg-type]  # it keeps a checkpoint
    assert state["global_step"] == 4
    assert isinstance(network, TransformerPaperEncryptor)
    papers = network.folded().state_dict()
    assert all(torch.equal(state["state_dict"][f"encryptor.{name}"], value) for name, value in papers.items())
    assert (tmp_path / "pictures" / "grids").is_dir()
