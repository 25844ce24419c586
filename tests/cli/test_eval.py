"""If this fails, `riddle-eval` does not give the numbers of the documentation, or greets a mistake with a traceback."""

import json
import sys
from pathlib import Path

import pytest
import torch

import riddle_pl.conf
from riddle_pl.cli import eval as command
from riddle_pl.config import check_config, compose_jobs, instantiate
from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.method import Method
from riddle_pl.training.build import build_data
from tests.cli.hydra_command import run_command
from tests.evaluation.fakes import paint, write_lfw

CONF = Path(riddle_pl.conf.__file__ or "").parent

FAKE = "+evaluators.fake._target_=tests.evaluation.fakes.FakeRecogniser"


class RiddleEval:
    """`riddle_eval("seed=1")` in an empty folder, on the tiny pack, 4 painted people and a fake recogniser."""

    def __init__(self, folder, data, pack, capfd, monkeypatch):
        self.folder = folder
        self.capfd = capfd
        self.monkeypatch = monkeypatch
        self.defaults = {
            "data.root": str(data),
            "data.faces": "faces",
            "data.pairs": "pairs.txt",
            "data.count": "4",
            "pack": str(pack),
            "evaluators": "[]",
            "detectors": "[]",
            "features": "[]",
            "photos": "none",
            "diversity.faces": "2",
            "diversity.passwords": "3",
            "batch_size": "3",
            "resamples": "20",
            "device": "cpu",
            FAKE.partition("=")[0]: FAKE.partition("=")[2],
        }
        monkeypatch.chdir(folder)

    def __call__(self, *overrides, without=()):
        given = {text.partition("=")[0].lstrip("+~") for text in overrides} | set(without)
        rest = [f"{key}={value}" for key, value in self.defaults.items() if key.lstrip("+") not in given]
        return run_command(command.main, ["riddle-eval", *rest, *overrides], self.capfd, self.monkeypatch)

    def report(self, out):
        return json.loads((self.folder / out / "report.json").read_text())

    def page(self, out):
        return (self.folder / out / "table.md").read_text()


@pytest.fixture
def drawing_riddle_eval(tmp_path, tiny_pack_folder, capfd, monkeypatch):
    data = write_lfw(tmp_path / "data")
    folder = tmp_path / "here"
    folder.mkdir()
    return RiddleEval(folder, data, tiny_pack_folder, capfd, monkeypatch)


@pytest.fixture
def riddle_eval(drawing_riddle_eval, monkeypatch):
    """Without the page and its figures, which take most of a small evaluation's time."""
    monkeypatch.setattr(
        "riddle_pl.evaluation.report.outputs.write_page", lambda _report, _tables, _traces, folder: [folder]
    )
    return drawing_riddle_eval


@pytest.mark.slow
def test_prints_the_tables_and_writes_the_report(drawing_riddle_eval, tiny_pack):
    riddle_eval = drawing_riddle_eval
    status, out, err = riddle_eval("out=report")
    assert (status, err) == (0, "")
    folder = riddle_eval.folder / "report"
    assert {"report.json", "report.html", "table.csv", "table.md", "tables", "figures"} <= {
        path.name for path in folder.iterdir()
    }
    names = ("identification", "identification_rank", "identification_cosine", "quality", "utility", "diversity")
    suffixes = ("csv", "json", "md", "tex")
    assert sorted(path.name for path in (folder / "tables").iterdir()) == sorted(
        f"{name}.{suffix}" for name in names for suffix in suffixes
    )
    lines = out.splitlines()
    assert len(lines) <= 30, out
    assert max(map(len, lines[:-3])) <= 100, out
    assert "| strangers (baseline)" in out
    assert str(folder / "report.html") in out
    report = riddle_eval.report("report")
    assert report["about"]["seed"] == 0
    assert report["about"]["pack"] == "tiny, 32 px"
    assert report["command"].startswith("riddle-eval data.root=")
    assert report["config"]["diversity"] == {"faces": 2, "passwords": 3}
    assert report["method"]["sha256"] == tiny_pack.expected_sha256("encryptor")
    assert tiny_pack.expected_sha256("encryptor") in report["about"]["encryptor"]
    assert tiny_pack.expected_sha256("generator") == report["about"]["networks"]["generator"]["sha256"]
    assert "Argon2id" in report["about"]["passwords"]
    assert len(report["faces"]) == 4
    rows = {(r["judge"], r["metric"], r["image"], r["reference"], r["statistic"]): r for r in report["rows"]}
    for metric, image in (("de-identification", "encrypted"), ("recovery", "recovered"), ("wrong password", "wrong")):
        for reference in ("inversion", "photo"):
            row = rows["fake", metric, image, reference, "rate"]
            assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1
            assert row["faces"] == 4
    assert rows["", "PSNR", "recovered", "inversion", "dB"]["value"] > 0
    for image in ("encrypted", "wrong"):
        assert rows["fake", "diversity", image, "", "mean distance"]["faces"] == 2


def test_a_judge_that_is_not_there_is_left_out_with_its_reason(riddle_eval):
    status, out, err = riddle_eval("evaluators=[sphereface]", "features=[inception,pack_features]", "out=o")
    assert status == 0
    first, second = err.splitlines()
    assert first.startswith("left out: evaluators.sphereface: ")
    assert second.startswith("left out: features.inception: ")
    report = riddle_eval.report("o")
    assert sorted(report["left_out"]) == ["evaluators.sphereface", "features.inception"]
    assert "evaluators.sphereface" in out
    assert report["left_out"]["evaluators.sphereface"] in riddle_eval.page("o")
    metrics = {row["metric"] for row in report["rows"]}
    assert "pack_features" in metrics
    assert "FID" not in metrics


@pytest.mark.parametrize("method", ["identity", "random_other_face"])
def test_a_baseline_runs_through_the_same_tables(riddle_eval, method):
    status, _, err = riddle_eval(f"method={method}", "out=o")
    assert (status, err) == (0, "")
    report = riddle_eval.report("o")
    assert report["method"]["sha256"] is None
    rows = {(r["metric"], r["reference"], r["statistic"]): r["value"] for r in report["rows"]}
    # of the four strangers that stand in for four people, one has colours that are alike enough for the fake recogniser
    assert rows["de-identification", "photo", "rate"] == (1.0 if method == "identity" else 0.25)
    assert ("recovery", "photo", "rate") in rows if method == "identity" else ("recovery", "photo", "rate") not in rows
    assert ("de-identification", "inversion", "rate") not in rows
    assert "baseline without training" in riddle_eval.page("o")


def write_outputs(root):
    """Another method's outputs for five photos, of which it failed on one; and an output that belongs to none."""
    for kind, shift in (("originals", 0), ("anonymised", 50), ("recovered", 0), ("wrong", 70)):
        (root / kind).mkdir(parents=True)
        for person in range(5):
            if kind == "originals" or person:
                paint(person + shift, 1).save(root / kind / f"{person}.{'jpg' if kind == 'originals' else 'png'}")
    paint(0, 1).save(root / "wrong" / "stray.png")
    return root


@pytest.mark.parametrize(("method", "paper"), [("folder", None), ("fit", "FIT")])
def test_another_method_s_folders(riddle_eval, tmp_path, method, paper):
    outputs = write_outputs(tmp_path / "outputs")
    overrides = [f"method={method}", f"method.root={outputs}", "method.size=32", "out=o"]
    status, _, err = riddle_eval(*overrides, without=["data.root", "data.faces", "data.pairs", "data.count"])
    assert (status, err) == (0, "")
    report = riddle_eval.report("o")
    assert (report["method"]["paper"], report["method"]["label"]) == (paper, paper or "outputs")
    assert len(report["faces"]) == 4
    assert report["skipped"] == {
        "0.jpg": "anonymised has no image of that name",
        "wrong/stray.png": "no photo has that name",
    }
    rows = {(r["metric"], r["reference"], r["statistic"]): r["value"] for r in report["rows"]}
    assert rows["recovery", "photo", "rank-1"] == 1.0
    assert rows["de-identification", "photo", "rank-1"] < 1.0
    assert "different people among the photos evaluated" in report["judges"][0]["calibrated_on"]
    assert "Thresholds come from pairs of different people among the faces evaluated" in riddle_eval.page("o")


def test_lfw_s_pairs_for_other_photos(riddle_eval, tmp_path):
    outputs = write_outputs(tmp_path / "outputs")
    pairs = ["pairs=lfw", f"pairs.root={tmp_path / 'data'}", "pairs.faces=faces", "pairs.pairs=pairs.txt"]
    without = ["data.root", "data.faces", "data.pairs", "data.count"]
    assert riddle_eval("method=folder", f"method.root={outputs}", *pairs, "out=o", without=without)[0] == 0
    assert "the pairs of pairs.txt at 256 px" in riddle_eval.report("o")["judges"][0]["calibrated_on"]


def test_lfw_without_its_pairs_says_where_thresholds_come_from(riddle_eval):
    assert riddle_eval("data.pairs=null", "out=o")[0] == 0
    report = riddle_eval.report("o")
    assert report["about"]["pairs"].startswith("none: thresholds come from different people")


def test_several_evaluations_in_one_set_of_tables(riddle_eval, monkeypatch, capfd):
    from riddle_pl.cli import app

    for method in ("pack", "black_box"):
        assert riddle_eval(f"method={method}", f"out={method}", "quiet=true")[0] == 0
    monkeypatch.setattr(sys, "argv", ["riddle", "tables", "pack", "black_box/report.json", "--out", "both"])
    app.main()
    out, err = capfd.readouterr()
    assert err == ""
    assert "encryptor of tiny" in out
    assert "black box" in out
    written = {path.name for path in (riddle_eval.folder / "both").iterdir()}
    assert {"table.csv", "identification.tex", "utility.json"} <= written
    assert "ablation.md" not in written
    monkeypatch.setattr(sys, "argv", ["riddle", "tables", "nothing"])
    with pytest.raises(SystemExit) as stop:
        app.main()
    assert stop.value.code == 2
    assert "nothing does not exist" in capfd.readouterr().err


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_in_any_batches(riddle_eval):
    assert riddle_eval("out=a", "quiet=true") == (0, "", "")
    assert riddle_eval("out=b", "quiet=true", "batch_size=2", "cache_dir=b")[0] == 0
    assert riddle_eval("out=c", "quiet=true", "seed=1")[0] == 0
    a, b, c = (riddle_eval.report(out) for out in "abc")
    assert a["faces"] == b["faces"] != c["faces"]
    for first, second in zip(a["rows"], b["rows"], strict=True):
        for key in ("value", "low", "high"):
            assert first[key] == (second[key] and pytest.approx(second[key], rel=1e-3, abs=1e-3)), first


def test_another_encryptor_and_the_pack_s_recogniser_with_its_mark(riddle_eval):
    status, out, _ = riddle_eval(
        "method.role=encryptor-df", "evaluators=[pack]", "out=o", without=["evaluators.fake._target_"]
    )
    assert status == 0
    assert "pack (trained it)" in out
    page = riddle_eval.page("o")
    assert "encryptor-df (involutive, single password tokens)" in page
    assert "pack (trained the encryptor" in page


def test_a_photo_that_cannot_be_used_is_listed(riddle_eval, tmp_path):
    for photo in (tmp_path / "data" / "faces").glob("Person_[01]/*"):
        photo.write_bytes(b"not a picture")
    status, _, _ = riddle_eval("out=o", "data.count=6")
    assert status == 0
    assert "4 people, one photo each (2 photos skipped)" in riddle_eval.page("o")
    report = riddle_eval.report("o")
    assert len(report["faces"]) == 4
    assert sorted(report["skipped"]) == [f"Person_{i}/Person_{i}_0001.png" for i in (0, 1)]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.root=nowhere", "data.root=nowhere does not exist"),
        ("data.pairs=none.txt", "none.txt does not exist"),
        ("data.count=100", "has 6 people; data.count=100"),
        ("data.count=many", "data.count='many' is a str; expected int"),
        ("data.rot=x", "did you mean 'root'"),
        ("sed=1", "did you mean 'seed'"),
        ("+sed=1", "did you mean 'seed'"),
        ("method.role=encryptr", "did you mean 'encryptor'"),
        ("method.role=parser", "method.role=parser is no encryptor; choose from encryptor, encryptor-df"),
        ("method=checkpoint", "method.path has no value"),
        ("method=gausian_blur", "did you mean 'gaussian_blur'"),
        ("diversity.passwords=1", "diversity.passwords=1; expected a whole number of at least 2"),
        ("pack=./nothing", "manifest.json is missing"),
        ("far=2", "far=2.0; expected a false-accept rate"),
        ("batch_size=0", "batch_size=0; expected a whole number of at least 1"),
        ("device=gpu", "choose from auto, cpu, cuda"),
        ("out=table.md/report", "table.md is a file"),
        ("+evaluators.fake.available=false", "none of the evaluators can run: the fake recogniser is not installed"),
        ("evaluators=dlip", "did you mean 'dlib'"),
        ("evaluators.fake=null", "evaluators is empty"),
        ("evaluators=mobilefacenet", "none of the evaluators can run: "),
        ("evaluators.mobilefacenet.path=gone", "evaluators.mobilefacenet.path"),
        ("passwords.memory_kib=1", "memory_kib is 1"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(riddle_eval, override, expected):
    (riddle_eval.folder / "table.md").write_text("in the way")
    without = ["evaluators.fake._target_"] if override.startswith("evaluators=") else []
    status, out, err = riddle_eval(override, without=without)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert expected in err
    assert [path.name for path in riddle_eval.folder.iterdir()] == ["table.md"]


def test_data_root_must_be_given(riddle_eval):
    status, _, err = riddle_eval(without=["data.root"])
    assert (status, err) == (2, "error: data.root has no value; give data.root=...\n")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said(riddle_eval):
    status, _, err = riddle_eval("device=cuda")
    assert status == 2
    assert "device is 'cuda', but" in err


def test_help_shows_an_example(riddle_eval):
    status, out, _ = riddle_eval("--help")
    assert status == 0
    assert "riddle-eval data.root=FOLDER" in out
    for line in ("method: black_box, checkpoint, ciagan", "evaluators: dlib, facenet_casia", "features: inception"):
        assert line in out


METHODS = sorted(path.stem for path in (CONF / "method").glob("*.yaml"))


@pytest.mark.parametrize("method", METHODS)
def test_every_shipped_method_fits_its_signature(method):
    needs = {"checkpoint": ["method.path=x"], "pack": []}
    own = needs.get(method, ["method.root=x"] if "FolderMethod" in composed_target(method) else [])
    for pack in ("lite", "ffhq256"):
        [cfg] = compose_jobs("eval", ["data.root=x", f"pack={pack}", f"method={method}", *own])
        check_config(cfg)
        assert isinstance(instantiate(cfg.method, "method"), Method)


def composed_target(method):
    [cfg] = compose_jobs("eval", [f"method={method}"])
    return cfg.method._target_


def test_every_shipped_judge_fits_its_signature():
    for pack in ("lite", "ffhq256"):
        [cfg] = compose_jobs("eval", ["data.root=x", f"pack={pack}"])
        check_config(cfg)
        assert len(cfg.evaluators) + len(cfg.detectors) + len(cfg.features) >= 13


@pytest.mark.parametrize("data", ["lfw", "folder"])
def test_riddle_train_refuses_what_is_for_evaluation(data, tiny_pack):
    [cfg] = compose_jobs("train", [f"data={data}", "data.root=x"])
    with pytest.raises(ConfigError, match="is for riddle-eval; for photos of yours choose data=images"):
        build_data(cfg, tiny_pack)


def test_a_folder_method_needs_its_folder(riddle_eval):
    without = ["data.root", "data.faces", "data.pairs", "data.count"]
    status, _, err = riddle_eval("method=folder", without=without)
    assert (status, err) == (2, "error: method.root has no value; give method.root=...\n")


def test_training_data_are_refused(riddle_eval):
    status, _, err = riddle_eval("data=ffhq", without=["data.faces", "data.pairs", "data.count"])
    assert status == 2
    assert err.endswith("is for training; choose data=lfw, data=drawn or, for any photos, data=folder\n")


def test_the_parts_of_several_processes_give_the_numbers_of_one(riddle_eval, monkeypatch):
    """Bit for bit, whichever process judged a batch; torchrun's first process waits and writes the report."""
    given = ("batch_size=1", "features=[pack_features]")
    assert riddle_eval("out=whole", *given)[0] == 0
    whole = riddle_eval.report("whole")
    assert {row["metric"] for row in whole["rows"]} > {"recovery", "diversity", "FD-fake", "SSIM", "pack_features"}
    for part in ("0/2", "1/2"):
        assert riddle_eval("out=parts", f"part={part}", *given)[0] == 0
        assert not Path("parts/report.json").exists()
    assert len(list(Path("parts/batches").iterdir())) == 4
    assert riddle_eval("out=parts", *given)[0] == 0
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        assert riddle_eval("out=ranks", *given)[0] == 0
    for out in ("parts", "ranks"):
        shared = riddle_eval.report(out)
        assert shared["rows"] == whole["rows"]
        assert (shared["faces"], shared["skipped"]) == (whole["faces"], whole["skipped"])


def test_a_batch_of_another_evaluation_is_refused(riddle_eval):
    assert riddle_eval("out=out", "part=0/2")[0] == 0
    other, wrong = ("out=out", "seed=1"), ("out=out", "part=2/2")
    for given, said in ((other, "with other settings"), (wrong, "expected I/N"), (("part=0/2",), "give out=FOLDER")):
        status, _, err = riddle_eval(*given)
        assert (status, said in err) == (2, True), err
