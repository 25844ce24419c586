"""A failure here: ``riddle-train`` would not start, would hide a mistake, or would lose the work on Ctrl-C."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl import __version__
from riddle_pl.cli import train as riddle_train
from riddle_pl.cli.train import main
from riddle_pl.packs import Pack, load_pack
from riddle_pl.training import build
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.origin import read_origin
from tests.training.jobs import NO_FEATURES

SMALL = (
    "trainer=cpu",
    "batch_size=1",
    "val_every=2",
    "encryptor=involutive",
    "encryptor.hidden=16",
    "encryptor.depth=1",
)
DATA_FREE = ("data.val_samples=1", *NO_FEATURES)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_statistics: None) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, tiny_pack: Pack):  # type: ignore[no-untyped-def]
    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["riddle-train", f"pack={tiny_pack.folder}", *arguments])
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0)
        return 0

    return call


def runs(folder: Path, kind: str = "runs") -> list[Path]:
    return sorted((folder / "logs" / "train" / kind).glob("*/*"))


def test_trains_from_any_directory_and_builds_its_data_once(  # type: ignore[no-untyped-def]
    train, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    made = build.build_data
    monkeypatch.setattr(build, "build_data", lambda *given: built.append(made(*given)) or built[-1])
    assert train(*SMALL, *DATA_FREE, "steps=2") == 0
    assert len(built) == 1
    [run] = runs(tmp_path)
    assert run.parent.name == "train"
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert (run / "grids" / "step_000002.png").is_file()
    out, err = capfd.readouterr()
    assert out.startswith("run: logs/train/runs/train/")
    assert out.count("\n") == 1  # no progress bar, tips or warnings where nobody looks
    assert re.fullmatch(r"step 2/2, loss/total \S+, val/loss/total \S+, \S+ s per step\n", err)
    log = (run / "riddle-train.log").read_text()
    assert err.strip() in log
    assert "from step 0 of 2 on" in log


def test_a_quiet_run_says_nothing_and_logs_all_the_same(  # type: ignore[no-untyped-def]
    train, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(*SMALL, *DATA_FREE, "steps=2", "quiet=true") == 0
    assert capfd.readouterr() == ("", "")
    assert "step 2/2" in (runs(tmp_path)[0] / "riddle-train.log").read_text()


def test_the_profilers_table_is_printed(train, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert train(*SMALL, *DATA_FREE, "debug=profile", "steps=2", "val_every=2") == 0
    out = capfd.readouterr().out
    assert "run_training_batch" in out
    assert "Mean duration (s)" in out


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["lightning", "torchrun"])
def test_two_processes_make_one_run(tiny_pack: Pack, tmp_path: Path, launcher: str) -> None:
    arguments = [
        f"pack={tiny_pack.folder}",
        *SMALL,
        *DATA_FREE,
        "trainer.devices=2",
        "+trainer.strategy=ddp",
        "steps=2",
    ]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"] if launcher == "torchrun" else []
    command = [sys.executable, *torchrun, "-m", "riddle_pl.cli.train", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    [run] = runs(tmp_path)
    shown = run.relative_to(tmp_path)
    assert done.stdout == f"run: {shown}   checkpoint: {shown}/checkpoints/last.ckpt\n"
    assert done.stderr.count("step 2/2") == 1
    assert load_checkpoint(run / "checkpoints" / "last.ckpt")["global_step"] == 2

    (tmp_path / "empty").mkdir()
    failed = [text for text in command if text not in DATA_FREE] + [*NO_FEATURES, "data=images", "data.root=empty"]
    done = subprocess.run(failed, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")] == [
        "error: no images in empty; expected files such as .jpg or .png (data.root)"
    ]
    of_ours = done.stderr.partition("torch/distributed/run.py")[0]  # torchrun ends with a traceback of its own
    assert launcher == "torchrun" or "Traceback" not in of_ours


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["sed=1"], "did you mean 'seed'"),
        (["+optimizer.lrr=1"], "did you mean 'lr'"),
        (["loss.recovery.weight=-1.0"], "weight=-1.0"),
        (["steps=0"], "steps=0; expected a whole number of at least 1"),
        (["ckpt_path=nowhere.ckpt"], "ckpt_path nowhere.ckpt does not exist"),
        (["pack=nothing/here"], "manifest.json is missing"),
        (["start_pack=nothing/here"], "manifest.json is missing"),
        (["start_pack=lite", "export_role=encryptor-dff"], "encryptor-dff"),
        (["start_ckpt=nowhere.ckpt"], "start_ckpt nowhere.ckpt does not exist"),
        (["start_ckpt=a.ckpt", "start_pack=lite"], "start_pack=lite and start_ckpt=a.ckpt; give one of the two"),
        (["stage=code"], "did you mean 'codes'"),
        (["export=nothing/here"], "is no pack yet; make one first: riddle packs new nothing/here --from"),
        ([f"export={load_pack('lite').folder}"], "has generator"),
        (["data=images", "data.root=no/photos"], "no/photos"),
        (["data=images", "data.root=.", "data.val_share=2.0"], "val_share"),
        (["-m", "optimizer=ranger,adam"], "did you mean 'adamw'"),
        (["optimizer.lr=-1.0"], "optimizer: learning rate must be positive"),
        (["optimizer=adamw", "optimizer.betas=[2,0.9]"], "optimizer (riddle_pl.training.optim.adamw)"),
        (["encryptor.heads=3"], "embed_dim must be divisible by num_heads"),
        (["scheduler=cosine", "scheduler.warmup_steps=9999999"], "scheduler.warmup_steps=9999999"),
        (["matmul_precision=low"], "matmul_precision=low is unknown; choose from highest, high, medium"),
        (["trainer.accelerator=tpu"], "trainer.accelerator=tpu is unknown; did you mean 'gpu'? choose from auto"),
        (["trainer=cpu", "trainer.gradient_clip_val=-1"], "trainer.gradient_clip_val=-1; expected a norm"),
        (["trainer=cpu", "trainer.precision=7"], "Precision 7 is invalid"),
        (["trainer=cpu", "+trainer.strategy=dpp"], "`strategy='dpp'`"),
        (["--experimental-rerun", "config.pickle"], "would load a pickle"),
        (["+loss/term@loss.typical=typical", "batch_size=1"], "loss.typical compares the faces of a batch"),
        (["trainer.max_steps=0"], "trainer.max_steps=0 is decided elsewhere: steps= is the length of a run"),
        (["trainer.max_epochs=0"], "trainer.max_epochs=0 is decided elsewhere: steps="),
        (["+trainer.max_time=00:00:00:01"], "trainer.max_time=00:00:00:01 is decided elsewhere: steps="),
        (["trainer.limit_train_batches=0"], "trainer.limit_train_batches=0 trains nothing"),
        (["+trainer.logger=false"], "trainer.logger=False is decided elsewhere: logger=none"),
        (["+trainer.callbacks=[]"], "trainer.callbacks=[] is decided elsewhere: callbacks=none"),
        (["+trainer.default_root_dir=x"], "trainer.default_root_dir=x is decided elsewhere: hydra.run.dir="),
        (["+trainer.enable_checkpointing=false"], "is decided elsewhere: callbacks=none"),
        (["+trainer.enable_progress_bar=false"], "is decided elsewhere: quiet=true"),
        (["trainer.accumulate_grad_batches=0"], "trainer.accumulate_grad_batches=0; expected a whole number of at"),
        (["data.num_workers=-1"], "data.num_workers=-1; expected a whole number of at least 0"),
        (["seed=-1"], "seed=-1; expected a whole number from 0 to 4294967295"),
        ([f"seed={2**32}"], "seed=4294967296; expected a whole number from 0"),
        ([f"name={'n' * 201}"], "expected at most 200 printable characters"),
        (["callbacks.best.mode=foo"], "callbacks.best (pytorch_lightning.callbacks.ModelCheckpoint): `mode` can be"),
        (["callbacks.best.save_top_k=-5"], "callbacks.best (pytorch_lightning.callbacks.ModelCheckpoint): Invalid"),
        (["callbacks.learning_rate.logging_interval=foo"], "callbacks.learning_rate (pytorch_lightning"),
        (["callbacks.best.monitor=val/loss/totl"], "callbacks.best.monitor=val/loss/totl is not logged; did you mean"),
        (["callbacks=early_stopping", "callbacks.early_stopping.monitor=foo"], "early_stopping.monitor=foo is not"),
        (["callbacks.best.monitor=val/loss/parse"], "callbacks.best.monitor=val/loss/parse is not logged"),
        (["optimized_metric=val/loss/totl"], "optimized_metric=val/loss/totl is not logged; did you mean"),
        (["password=key_stream"], "password=key_stream is the pad of encryptor=padded, which riddle-train does not"),
        (["logger=null"], "logger=null: choose from csv, many, none, tensorboard, wandb, wandb_offline; or logger="),
        ([f"hydra.run.dir={'n' * 300}"], "cannot be a folder (file name too long); give another"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    train,  # type: ignore[no-untyped-def]
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    part: str,
) -> None:
    assert train(*NO_FEATURES, *arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert part in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["hydra.run.dir=afile"], "hydra.run.dir afile is a file; give a folder"),
        (["hydra.run.dir=afile/run"], "hydra.run.dir /"),
        (["-m", "seed=0,1", "hydra.sweep.dir=afile"], "hydra.sweep.dir afile is a file; give a folder"),
        (["data=images", "data.root=afile", "data.cache_dir=afile"], "folder of data.cache_dir afile is a file"),
    ],
)
def test_a_file_where_a_folder_is_to_be(  # type: ignore[no-untyped-def]
    train, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    (tmp_path / "afile").touch()
    assert train(*SMALL, *NO_FEATURES, *arguments) == 2
    err = capfd.readouterr().err
    assert err.startswith(f"error: {part}")
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["afile"]


def test_a_run_does_not_overwrite_another(  # type: ignore[no-untyped-def]
    train, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = [*SMALL, *DATA_FREE, "val_every=1", "callbacks.grid=null", "hydra.run.dir=z1", "quiet=true"]
    last = tmp_path / "z1" / "checkpoints" / "last.ckpt"
    assert train(*job, "steps=1") == 0
    before = {path: path.read_bytes() for path in (tmp_path / "z1").rglob("*") if path.is_file()}
    assert train(*job, "steps=2") == 2
    assert capfd.readouterr().err == (
        "error: folder z1 holds a run already; give another hydra.run.dir= (of a sweep: hydra.sweep.dir=), or go on "
        "with ckpt_path=z1/checkpoints/last.ckpt\n"
    )
    assert {path: path.read_bytes() for path in (tmp_path / "z1").rglob("*") if path.is_file()} == before
    assert train(*job, "steps=2", "ckpt_path=z1/checkpoints/last.ckpt") == 0
    assert load_checkpoint(last)["global_step"] == 2
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert train(*job, "steps=3") == 0
    assert load_checkpoint(last)["global_step"] == 3


def test_a_sweep_does_not_overwrite_another(train, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "sweep" / "0" / "checkpoints").mkdir(parents=True)
    (tmp_path / "sweep" / "0" / "checkpoints" / "last.ckpt").touch()
    assert train("-m", "seed=0", *SMALL, *DATA_FREE, "steps=1", "hydra.sweep.dir=sweep") == 2
    assert "holds a run already" in capfd.readouterr().err
    assert (tmp_path / "sweep" / "0" / "checkpoints" / "last.ckpt").read_bytes() == b""


def test_a_run_that_has_its_steps_already(  # type: ignore[no-untyped-def]
    train, tiny_pack: Pack, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    job = [*SMALL, *DATA_FREE, "val_every=1", "callbacks.grid=null", "hydra.run.dir=a", "quiet=true"]
    assert train(*job, "steps=1") == 0
    assert train("ckpt_path=a/checkpoints/last.ckpt", "steps=1", "quiet=true") == 2
    err = capfd.readouterr().err
    assert err.startswith("error: steps=1: a/checkpoints/last.ckpt has 1 already, and nothing would be trained")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    pack = shutil.copytree(tiny_pack.folder, tmp_path / "pack")
    export = [f"export={pack}", "export_role=encryptor-mine", "optimized_metric=val/loss/total"]
    assert train("ckpt_path=a/checkpoints/last.ckpt", "steps=1", *export, "hydra.run.dir=b", "quiet=true") == 0
    assert load_pack(pack).has("encryptor-mine")


def test_a_role_that_no_network_may_have(train, tiny_pack: Pack, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert train(*SMALL, *DATA_FREE, f"export={tiny_pack.folder}", "export_role='My Encryptor'") == 2
    assert capfd.readouterr().err == (
        "error: export_role='My Encryptor'; expected lower-case letters, digits, '-' and '_', such as encryptor-mine\n"
    )


def test_a_gpu_where_there_is_none(train, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert train(*NO_FEATURES, "trainer=gpu") == 2
    assert "no GPU is usable here; use trainer=cpu" in capfd.readouterr().err


def test_the_version_is_ours(train, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert train("--version") == 0
    assert capfd.readouterr().out == f"riddle-pl {__version__}\n"


def test_the_bar_counts_steps(train, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    arguments = ["steps=4", "trainer.accumulate_grad_batches=2", "data.steps_per_epoch=4"]
    assert train(*SMALL, *DATA_FREE, *arguments) == 0
    out = capfd.readouterr().out
    assert "4/4" in out
    assert "Training" in out
    assert "Epoch" not in out


def test_help_shows_an_example(train, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert train("--help") == 0
    assert "riddle-train experiment=riddle" in capfd.readouterr().out


@pytest.mark.slow
def test_multirun_runs_every_job(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert train("-m", "seed=0,1", *SMALL, *DATA_FREE, "steps=1", "logger=wandb_offline") == 0
    [sweep] = runs(tmp_path, "multiruns")
    assert {path.name for path in sweep.iterdir() if path.is_dir()} == {"0", "1"}
    for job in ("0", "1"):
        assert (sweep / job / "checkpoints" / "last.ckpt").is_file()
        assert len(list((sweep / job / "wandb").glob("offline-run-*"))) == 1  # the second job has a run of its own
    assert "WANDB_MODE" not in os.environ


def test_a_search_gets_the_metric_that_it_asks_for(train, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    found: list[object] = []
    task = riddle_train.train
    monkeypatch.setattr(riddle_train, "train", lambda cfg, parts: found.append(task(cfg, parts)))
    assert train(*SMALL, *DATA_FREE, "steps=2", "optimized_metric=val/loss/total") == 0
    assert isinstance(found[0], float)
    assert train(*SMALL, *DATA_FREE, "steps=1", "val_every=1") == 0
    assert found[1] is None


def test_a_metric_that_is_not_there(train, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert train(*SMALL, *DATA_FREE, "steps=2", "optimized_metric=val/loss/totl", "quiet=true") == 2
    err = capfd.readouterr().err
    assert err.startswith("error: optimized_metric=val/loss/totl is not logged; did you mean 'val/loss/total'?")
    assert err.count("\n") == 1


@pytest.mark.slow
def test_optuna_searches(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="needs riddle-pl[sweep]")
    search = ["-m", "hparams_search=optuna", "hydra.sweeper.n_trials=2"]
    assert train(*search, *SMALL, *DATA_FREE, "steps=2") == 0
    [sweep] = runs(tmp_path, "multiruns")
    rates = [
        load_checkpoint(last)["hyper_parameters"]["optimizer"]["lr"] for last in sweep.glob("*/checkpoints/last.ckpt")
    ]
    assert len(set(rates)) == 2
    assert all(1e-5 <= rate <= 1e-2 for rate in rates)
    assert "val/loss/total" not in (sweep / "optimization_results.yaml").read_text()
    assert "best_value" in (sweep / "optimization_results.yaml").read_text()


def test_a_search_without_its_plugin_says_what_to_install(train, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    if importlib.util.find_spec("optuna"):
        pytest.skip("it is installed here")
    assert train("-m", "hparams_search=optuna") == 2
    assert "pip install 'riddle-pl[sweep]'" in capfd.readouterr().err


def test_wandb_without_a_key_is_one_line(  # type: ignore[no-untyped-def]
    train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_IDENTITY_TOKEN_FILE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # where wandb looks for one
    assert train(*SMALL, *DATA_FREE, "logger=wandb") == 2
    err = capfd.readouterr().err
    assert err.startswith("error: logger.wandb: wandb has no key here; run `wandb login`")
    assert err.count("\n") == 1


def test_a_continued_run_is_one_run_of_wandb(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert train(*SMALL, *DATA_FREE, "steps=2", "logger=wandb_offline", "hydra.run.dir=a") == 0
    origin = read_origin(load_checkpoint(tmp_path / "a" / "checkpoints" / "last.ckpt"))
    assert origin.wandb
    assert origin.made_by.startswith(f"riddle-pl {__version__}")
    assert train("ckpt_path=a/checkpoints/last.ckpt", "steps=3", "hydra.run.dir=b") == 0
    assert read_origin(load_checkpoint(tmp_path / "b" / "checkpoints" / "last.ckpt")).wandb == origin.wandb
    [offline] = (tmp_path / "b" / "wandb").glob("offline-run-*")
    assert offline.name.endswith(origin.wandb)


def test_tensorboard_gets_the_picture(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert train(*SMALL, *DATA_FREE, "steps=2", "logger=tensorboard") == 0
    [events] = (runs(tmp_path)[0] / "tensorboard").rglob("events.out.*")
    assert b"val/grid" in events.read_bytes()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Aligned crops of nobody."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for index in range(6):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


EXPERIMENTS = ("riddle", "riddle_df", "wo_transformer", "wo_diversity", "involutive", "involutive_df")


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_starts_on_the_lite_pack(  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch, photos: Path, tmp_path: Path, experiment: str
) -> None:
    arguments = [f"experiment={experiment}", "debug=fast_dev_run", "trainer=cpu", "batch_size=2"]
    if not experiment.endswith("_df"):
        arguments += [f"data.root={photos}", "data.cropper.aligned=true", "data.val_share=0.01"]
    monkeypatch.setattr(sys, "argv", ["riddle-train", *arguments])
    main()
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.slow
def test_the_papers_stages_follow_each_other(  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch, photos: Path, tmp_path: Path
) -> None:
    short = ["trainer=cpu", "steps=1", "val_every=1", "batch_size=2", "callbacks.grid=null", "callbacks.best=null"]
    on_photos = ["experiment=riddle", f"data.root={photos}", "data.cropper.aligned=true", "data.val_share=0.01"]
    codes = ["stage=codes", "scheduler.warmup_steps=0"]
    commands = {
        "people": ["experiment=riddle_df", *codes],
        "photos": [*on_photos, *codes, "start_ckpt=people/checkpoints/last.ckpt"],
        "pictures": [*on_photos, "start_ckpt=photos/checkpoints/last.ckpt", "debug=fast_dev_run"],
    }
    for folder, command in commands.items():
        monkeypatch.setattr(sys, "argv", ["riddle-train", *short, *command, f"hydra.run.dir={folder}"])
        main()
    trained = [load_checkpoint(tmp_path / folder / "checkpoints" / "last.ckpt") for folder in ("people", "photos")]
    first, second = (checkpoint["encryptor_ema"]["layers.0.norm3.bias"] for checkpoint in trained)
    assert 0 < (first - second).abs().max() < 0.01  # one step on from there, and not fitted to the codes anew


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_to_continue_from(train, tiny_pack: Pack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    command = [sys.executable, "-m", "riddle_pl.cli.train", f"pack={tiny_pack.folder}", *SMALL, *DATA_FREE]
    log = tmp_path / "output.txt"
    with log.open("w") as output:
        process = subprocess.Popen([*command, "steps=1000000"], cwd=tmp_path, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + 600  # for a machine that is busy with other things
            while not list(tmp_path.rglob("last.ckpt")):  # the first validation is over, training goes on
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "no checkpoint came"
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=300) == 130
        finally:
            process.kill()  # a test that fails leaves no training behind
    text = log.read_text()
    assert "Traceback" not in text
    assert "continue with ckpt_path=logs/train/runs/train/" in text
    [last] = tmp_path.rglob("last.ckpt")
    assert not list(tmp_path.rglob("*.part"))
    step = load_checkpoint(last)["global_step"]
    assert f"interrupted after step {step}" in text
    shutil.copy(last, tmp_path / "kept.ckpt")
    assert train(*SMALL, *DATA_FREE, "ckpt_path=kept.ckpt", f"steps={step + 1}", "hydra.run.dir=again") == 0
    assert load_checkpoint(tmp_path / "again" / "checkpoints" / "last.ckpt")["global_step"] == step + 1
