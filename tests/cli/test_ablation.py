"""If this fails, `riddle-ablation` does not give the paper's ablation table, or repeats hours of finished training."""

import json
from pathlib import Path

import pytest
import torch

from riddle_pl.cli import ablation as command
from riddle_pl.config import compose_jobs
from riddle_pl.evaluation.ablation import run as ablation_run
from riddle_pl.evaluation.ablation.jobs import plan
from riddle_pl.training.checkpointing import Interrupted
from tests.cli.hydra_command import run_command
from tests.evaluation.fakes import write_lfw
from tests.training.jobs import fit

TRAIN = (
    "pack.name_or_path={pack}",
    "steps=2",
    "batch_size=2",
    "val_every=1",
    "trainer=cpu",
    "encryptor.groups=[4,4]",
    "encryptor.ffn=16",
    "data.cropper.aligned=true",
    "data.val_share=0.3",
    "callbacks.grid=null",
    "++scheduler.warmup_steps=0",
)
EVALUATE = (
    "pack.name_or_path={pack}",
    "data.faces=faces",
    "data.pairs=pairs.txt",
    "data.count=4",
    "evaluators=[]",
    "+evaluators.fake._target_=tests.evaluation.fakes.FakeRecogniser",
    "detectors=[]",
    "features=[]",
    "photos=none",
    "diversity.faces=2",
    "diversity.passwords=2",
    "resamples=20",
    "device=cpu",
)


class RiddleAblation:
    """`riddle_ablation("seeds=[0]")` in an empty folder: the tiny pack, two steps, painted people."""

    def __init__(self, folder, data, pack, capfd, monkeypatch):
        self.folder = folder
        self.capfd = capfd
        self.monkeypatch = monkeypatch
        train, evaluate = (",".join(f"'{text}'" for text in texts).format(pack=pack) for texts in (TRAIN, EVALUATE))
        self.defaults = {
            "train_root": str(data / "faces"),
            "eval_root": str(data),
            "experiments": "[riddle_df,wo_diversity]",
            "seeds": "[0,1]",
            "train": f"[{train}]",
            "evaluate": f"[{evaluate}]",
            "stages": "single",
            "out": "out",
        }
        self.trained = []
        monkeypatch.chdir(folder)
        monkeypatch.setattr(
            "riddle_pl.evaluation.report.outputs.write_page", lambda _report, _tables, _traces, folder: [folder]
        )
        monkeypatch.setattr(ablation_run, "train", self._fit)

    def _fit(self, cfg, run_dir, progress):
        start = f"after {Path(cfg.start_ckpt).parts[-3]}" if cfg.start_ckpt else "fresh"
        begins = "resumed" if cfg.ckpt_path else start
        self.trained.append((cfg.name, cfg.seed, run_dir.name, begins))
        return fit(cfg, run_dir, progress)

    def __call__(self, *overrides):
        given = {text.partition("=")[0] for text in overrides}
        rest = [f"{key}={value}" for key, value in self.defaults.items() if key not in given]
        return run_command(command.main, ["riddle-ablation", *rest, *overrides], self.capfd, self.monkeypatch)


@pytest.fixture
def riddle_ablation(tmp_path, tiny_pack_folder, capfd, monkeypatch, few_statistics):
    data = write_lfw(tmp_path / "data")
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path / "home"))
    return RiddleAblation(tmp_path / "here", data, tiny_pack_folder, capfd, monkeypatch)


@pytest.mark.slow
def test_every_experiment_and_seed_is_trained_once_and_is_a_line_of_the_table(riddle_ablation):
    status, out, err = riddle_ablation()
    assert status == 0, err
    runs = [("riddle_df", 0), ("wo_diversity", 0), ("riddle_df", 1), ("wo_diversity", 1)]
    assert riddle_ablation.trained == [(*run, "pictures", "fresh") for run in runs]
    for name, seed in runs:
        assert f"{name}, seed {seed}, stage pictures: trained in" in err
        assert f"{name}, seed {seed}: evaluated in" in err
    tables = Path("out/tables")
    assert sorted(path.name for path in tables.iterdir()) == [
        f"{name}.{suffix}" for name in ("ablation", "ordering") for suffix in ("csv", "json", "md", "tex")
    ]
    lines = [line for line in json.loads((tables / "ablation.json").read_text())["lines"] if line["judge"] == "fake"]
    assert {line["experiment"] for line in lines} == {"riddle_df", "wo_diversity"}
    assert all(line["source"]["training seeds"] == "0, 1" for line in lines)
    assert (tables / "ablation.md").read_text() in out
    checkpoints = [torch.load(path, weights_only=True) for path in Path("out").rglob("last.ckpt")]
    assert [checkpoint["global_step"] for checkpoint in checkpoints] == [2] * 4

    status, again, err = riddle_ablation()
    assert (status, err) == (0, "")
    assert len(riddle_ablation.trained) == 4
    assert again == out[out.index("## Ablation") :]

    status, _, err = riddle_ablation("seeds=[0,1,2]", "quiet=true")
    assert (status, err) == (0, "")
    assert riddle_ablation.trained[4:] == [
        ("riddle_df", 2, "pictures", "fresh"),
        ("wo_diversity", 2, "pictures", "fresh"),
    ]


@pytest.mark.slow
def test_a_row_goes_through_its_stages_each_from_the_end_of_the_one_before(riddle_ablation, monkeypatch):
    def killed(cfg, run_dir, progress):
        if run_dir.name == "pictures":
            raise Interrupted(0, Path("unused"))
        return riddle_ablation._fit(cfg, run_dir, progress)

    monkeypatch.setattr(ablation_run, "train", killed)
    status, _, err = riddle_ablation("stages=full", "seeds=[0]")
    assert status == 130, err
    monkeypatch.setattr(ablation_run, "train", riddle_ablation._fit)
    status, out, err = riddle_ablation("stages=full", "seeds=[0]")
    assert status == 0, err
    assert "| wo_diversity " in out
    assert riddle_ablation.trained == [
        ("riddle_df", 0, "drawn_codes", "fresh"),
        ("riddle_df", 0, "own_codes", "after drawn_codes"),
        ("riddle_df", 0, "pictures", "after own_codes"),
        ("wo_diversity", 0, "drawn_codes", "fresh"),
        ("wo_diversity", 0, "own_codes", "after drawn_codes"),
        ("wo_diversity", 0, "pictures", "after own_codes"),
    ]
    report = json.loads(Path("out/wo_diversity/seed_0/evaluation/report.json").read_text())
    last = Path("out/wo_diversity/seed_0/pictures/checkpoints/last.ckpt")
    assert str(last) in report["command"]


@pytest.mark.parametrize("stages", ["single", "codes", "full"])
def test_every_stage_of_a_row_is_the_ablation_that_it_is_called(stages):
    [cfg] = compose_jobs("ablation", ["train_root=[a.tar,b.tar]", "eval_root=lfw", f"stages={stages}", "seeds=[3]"])
    rows = {job.experiment: [training.config() for training in job.trainings] for job in plan(cfg)}
    assert list(rows) == ["riddle", "riddle_df", "wo_transformer", "wo_diversity"]
    for name, trainings in rows.items():
        assert [training.seed for training in trainings] == [3] * len(cfg.stages)
        weights = [{term: node.weight for term, node in training.loss.items()} for training in trainings]
        diversity = [sum(w for term, w in some.items() if term.startswith("diversity")) for some in weights]
        assert all(diversity) == (name != "wo_diversity")
        assert any(diversity) == (name != "wo_diversity")
        mlp = ["MLP" in training.encryptor._target_ for training in trainings]
        assert set(mlp) == {name == "wo_transformer"}
        photos = [training.data.get("root") for training in trainings]
        assert photos[1:] == [None if name == "riddle_df" else ["a.tar", "b.tar"]] * (len(photos) - 1)
        assert [training.steps for training in trainings] == [training.steps for training in rows["riddle"]]


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on(riddle_ablation, monkeypatch):
    def stopped(cfg, run_dir, progress):
        cfg.steps = 1
        raise Interrupted(1, riddle_ablation._fit(cfg, run_dir, progress))

    monkeypatch.setattr(ablation_run, "train", stopped)
    status, out, err = riddle_ablation("experiments=[riddle_df]", "seeds=[0]")
    assert status == 130
    assert "## Ablation" not in out
    assert err.endswith("interrupted after step 1; the same command resumes from there\n")
    monkeypatch.setattr(ablation_run, "train", riddle_ablation._fit)
    assert riddle_ablation("experiments=[riddle_df]", "seeds=[0]")[0] == 0
    assert [begins for *_, begins in riddle_ablation.trained] == ["fresh", "resumed"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["experiments=[riddel]"], "experiment=riddel is unknown"),
        (["experiments=[]"], "experiments=[], seeds=[0, 1], stages=['pictures']; give at least one of each"),
        (["seeds=[0,-1]"], "seeds=-1; expected a whole number from 0 to"),
        (["train=['stepss=3']"], "stepss is unknown"),
        (["stages.pictures=['stage=nosuch']"], "stage=nosuch is unknown"),
        (["~stages.pictures"], "stages=[]; give at least one of each"),
        (["evaluate=['far=2.0']"], "far=2.0"),
        (["eval_root=nowhere"], "nowhere"),
        (["sedes=[1]"], "sedes is unknown"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_written(riddle_ablation, overrides, message):
    status, out, err = riddle_ablation(*overrides)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert riddle_ablation.trained == []
    assert not Path("out").exists()


@pytest.mark.slow
def test_runs_of_other_settings_are_not_mixed(riddle_ablation):
    assert riddle_ablation("experiments=[riddle_df]", "seeds=[0]")[0] == 0
    status, _, err = riddle_ablation("experiments=[riddle_df]", "seeds=[0]", "evaluate=[]")
    assert status == 2
    assert "out=out holds runs with other settings (settings.yaml)" in err


def test_photos_that_are_not_there_end_it_in_one_line(riddle_ablation):
    status, out, err = riddle_ablation("train_root=nowhere", "experiments=[wo_diversity]")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "train_root=nowhere does not exist" in err
    assert not list(Path("out").rglob("last.ckpt"))
