"""A failure here: a run could not be reproduced, resumed, or trusted to have trained the encryptor at all."""

import csv
from pathlib import Path

import pytest
import torch
from PIL import Image

from riddle_pl.config import instantiate
from riddle_pl.errors import CheckpointError, ConfigError
from riddle_pl.packs import Pack
from riddle_pl.training.build import build_parts
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.ema import EMA_KEY
from riddle_pl.training.run import train
from riddle_pl.training.watched import logged_figures
from tests.training.jobs import fit, small_job


def trained(pack: Pack, folder: Path, *overrides: str) -> dict[str, object]:
    path = fit(small_job(pack.folder, overrides), folder)
    assert path is not None
    return load_checkpoint(path)


def assert_same_state(a: dict[str, object], b: dict[str, object]) -> None:
    for key in ("state_dict", EMA_KEY, "optimizer_states", "lr_schedulers", "global_step"):
        assert_equal(a[key], b[key], key)


def assert_equal(a: object, b: object, place: str) -> None:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        assert torch.equal(a, b), place
    elif isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys(), place
        for key in a:
            assert_equal(a[key], b[key], f"{place}.{key}")
    elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        assert len(a) == len(b), place
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_equal(one, other, f"{place}[{index}]")
    else:
        assert a == b, place


QUIET = ("callbacks.grid=null", "logger=none")
# Dropout, a schedule and short epochs: everything that could remember more than the step.
RESUMABLE = (
    "scheduler=cosine",
    "scheduler.total_steps=6",
    "data.steps_per_epoch=4",
    "val_every=3",
    *QUIET,
)


@pytest.fixture(scope="module")
def straight(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an uninterrupted run of 6 steps, with the state after each step."""
    folder = tmp_path_factory.mktemp("straight")
    save = "+callbacks.every={_target_: tests.training.jobs.SaveEveryStep}"
    trained(tiny_pack, folder, *RESUMABLE, "steps=6", save)
    return folder


def final(folder: Path) -> dict[str, object]:
    return load_checkpoint(folder / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize("stop", [2, 3, 4, 5], ids=["mid-epoch", "validation", "epoch end", "second epoch"])
def test_resuming_equals_never_stopping(tiny_pack: Pack, tmp_path: Path, straight: Path, stop: int) -> None:
    torch.manual_seed(12345)  # another process would have another state here
    resumed = trained(tiny_pack, tmp_path, *RESUMABLE, "steps=6", f"ckpt_path={straight / f'step_{stop}.ckpt'}")
    assert_same_state(final(straight), resumed)


def test_a_finished_run_can_be_prolonged(tiny_pack: Pack, tmp_path: Path, straight: Path) -> None:
    torch.manual_seed(54321)
    trained(tiny_pack, tmp_path, *RESUMABLE, "steps=5")
    last = tmp_path / "checkpoints" / "last.ckpt"
    assert_same_state(final(straight), trained(tiny_pack, tmp_path, *RESUMABLE, "steps=6", f"ckpt_path={last}"))


def test_another_seed_gives_another_run(tiny_pack: Pack, tmp_path: Path) -> None:
    one, other = (trained(tiny_pack, tmp_path / seed, "steps=1", f"seed={seed}", *QUIET) for seed in ("0", "1"))
    weight = "encryptor.output.weight"
    assert not torch.equal(one["state_dict"][weight], other["state_dict"][weight])  # type: ignore[index]


def test_a_run_leaves_metrics_pictures_and_checkpoints(tiny_pack: Pack, tmp_path: Path) -> None:
    best = "{_target_: pytorch_lightning.callbacks.ModelCheckpoint, monitor: val/loss/total, filename: best}"
    trained(tiny_pack, tmp_path, f"callbacks.best={best}")
    rows = list(csv.DictReader((tmp_path / "csv" / "metrics.csv").open()))
    assert {"loss/total", "loss/recovery", "val/loss/total", "val/cosine/deid"} <= set(rows[0])
    assert (tmp_path / "checkpoints" / "best.ckpt").is_file()
    for step in (2, 4):
        width, _ = Image.open(tmp_path / "grids" / f"step_{step:06d}.png").size
        assert width == 6 * 64  # data-free: no photo to show


def test_a_resumed_run_in_the_same_folder_keeps_the_first_metrics(tiny_pack: Pack, tmp_path: Path) -> None:
    trained(tiny_pack, tmp_path, "steps=2")
    before = (tmp_path / "csv" / "metrics.csv").read_text()
    trained(tiny_pack, tmp_path, "steps=3", f"ckpt_path={tmp_path / 'checkpoints' / 'last.ckpt'}")
    assert (tmp_path / "csv" / "metrics.csv").read_text() == before
    assert (tmp_path / "csv_1" / "metrics.csv").is_file()


def test_the_same_batch_over_and_over_is_learned(tiny_pack: Pack, tmp_path: Path) -> None:
    overrides = ["debug=overfit", "steps=20", "val_every=20", "optimizer.lr=0.01", "callbacks.grid=null"]
    fit(small_job(tiny_pack.folder, overrides), tmp_path)
    rows = list(csv.DictReader((tmp_path / "csv" / "metrics.csv").open()))
    losses = [float(row["loss/total"]) for row in rows if row["loss/total"]]
    assert sum(losses[-3:]) < sum(losses[:3])


def test_early_stopping_ends_a_run_that_does_not_improve(tiny_pack: Pack, tmp_path: Path) -> None:
    state = trained(
        tiny_pack,
        tmp_path,
        "callbacks=early_stopping",
        "callbacks.early_stopping.patience=1",
        "callbacks.early_stopping.min_delta=1000",
        "steps=8",
        "val_every=1",
        *QUIET,
    )
    assert state["global_step"] == 2


def test_gradient_clipping_and_accumulation_are_config(tiny_pack: Pack, tmp_path: Path) -> None:
    overrides = ("trainer.gradient_clip_val=0.1", "trainer.accumulate_grad_batches=2", "steps=2", "val_every=4")
    assert trained(tiny_pack, tmp_path, *overrides, *QUIET)["global_step"] == 2


@pytest.mark.parametrize(("accumulated", "epoch"), [(1, 1000), (2, 1000), (3, 4)])
def test_validations_are_counted_in_optimiser_steps(
    tiny_pack: Pack, tmp_path: Path, accumulated: int, epoch: int
) -> None:
    overrides = [f"trainer.accumulate_grad_batches={accumulated}", f"data.steps_per_epoch={epoch}", "steps=6"]
    fit(small_job(tiny_pack.folder, [*overrides, "callbacks.grid=null"]), tmp_path)
    rows = list(csv.DictReader((tmp_path / "csv" / "metrics.csv").open()))
    assert [int(row["step"]) + 1 for row in rows if row["val/loss/total"]] == [2, 4, 6]


def test_without_callbacks_nothing_is_saved_and_nothing_else_is_said(
    tiny_pack: Pack, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained(tiny_pack, tmp_path / "a", "steps=2", *QUIET)
    last = f"ckpt_path={tmp_path / 'a' / 'checkpoints' / 'last.ckpt'}"
    without = [f"callbacks.{name}=null" for name in ("last", "ema", "collapse", "learning_rate")]
    job = small_job(tiny_pack.folder, [last, "steps=3", *without, *QUIET, "data.steps_per_epoch=1"])
    assert fit(job, tmp_path / "b") is None
    assert "nothing was trained" not in caplog.text
    assert not list((tmp_path / "b").rglob("*.ckpt"))


def test_an_export_of_nothing_is_an_error(tiny_pack: Pack, tmp_path: Path) -> None:
    job = small_job(tiny_pack.folder, [f"export={tmp_path}", "trainer.limit_train_batches=0", *QUIET])
    with pytest.raises(ConfigError, match="no step was trained and saved, so that nothing is exported"):
        fit(job, tmp_path / "run")


def test_what_lightning_refuses_late_is_an_error_of_the_config(tiny_pack: Pack, tmp_path: Path) -> None:
    best = "{_target_: pytorch_lightning.callbacks.ModelCheckpoint, monitor: val/nothing}"
    with pytest.raises(ConfigError, match=r"trainer: .*monitor='val/nothing'"):
        trained(tiny_pack, tmp_path, f"callbacks.best={best}", *QUIET)


@pytest.mark.parametrize("stage", ["pictures", "codes"])
def test_the_figures_that_a_run_logs_are_known_before(tiny_pack: Pack, tmp_path: Path, stage: str) -> None:
    cfg = small_job(
        tiny_pack.folder, [f"stage={stage}", "scheduler=constant", "steps=2", "batch_size=4", *QUIET], loss=()
    )
    parts = build_parts(cfg)
    logged = train(cfg, tmp_path, parts=parts).metrics
    known = logged_figures(parts.loss, instantiate(cfg.stage, "stage"), parts.pack)
    assert {name for name in logged if not name.startswith("lr-")} == known


def rate(state: dict[str, object]) -> float:
    return float(state["optimizer_states"][0]["param_groups"][0]["lr"])  # type: ignore[index]


def test_a_continued_run_takes_a_new_rate_and_its_schedule(tiny_pack: Pack, tmp_path: Path) -> None:
    schedule = ("scheduler=warmup", "scheduler.warmup_steps=8", "optimizer=adamw", *QUIET)
    first = trained(tiny_pack, tmp_path / "a", *schedule, "optimizer.lr=0.001", "steps=2")
    assert rate(first) == pytest.approx(0.001 * 3 / 8)
    last = f"ckpt_path={tmp_path / 'a' / 'checkpoints' / 'last.ckpt'}"
    new = ("optimizer.lr=0.004", "optimizer.weight_decay=0.5", "optimizer.betas=[0.5,0.6]")
    second = trained(tiny_pack, tmp_path / "b", *schedule, last, *new, "steps=4")
    assert rate(second) == pytest.approx(0.004 * 5 / 8)
    group = second["optimizer_states"][0]["param_groups"][0]  # type: ignore[index]
    assert (group["weight_decay"], tuple(group["betas"])) == (0.5, (0.5, 0.6))
    same = trained(tiny_pack, tmp_path / "c", *schedule, last, "optimizer.lr=0.001", "steps=4")
    assert rate(same) == pytest.approx(0.001 * 5 / 8)


def test_a_continued_run_cannot_change_its_optimiser(tiny_pack: Pack, tmp_path: Path) -> None:
    trained(tiny_pack, tmp_path / "a", "optimizer=adamw", "steps=1", *QUIET)
    last = f"ckpt_path={tmp_path / 'a' / 'checkpoints' / 'last.ckpt'}"
    with pytest.raises(ConfigError, match="optimizer=ranger: the checkpoint's run has adamw"):
        trained(tiny_pack, tmp_path / "b", last, "optimizer=ranger", "steps=2", *QUIET)
    trained(tiny_pack, tmp_path / "c", "optimizer=ranger", "steps=1", *QUIET)
    last = f"ckpt_path={tmp_path / 'c' / 'checkpoints' / 'last.ckpt'}"
    with pytest.raises(ConfigError, match=r"optimizer\.gradient_centralisation=False: .* cannot be changed"):
        trained(tiny_pack, tmp_path / "d", last, "optimizer.gradient_centralisation=false", "steps=2", *QUIET)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_a_bad_checkpoint_is_refused(tiny_pack: Pack, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"bad\.ckpt") as error:
        trained(tiny_pack, tmp_path / "run", f"ckpt_path={tmp_path / 'bad.ckpt'}")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()
