"""If this fails, `riddle-eval` does not give the numbers of the README, or greets a mistake with a traceback."""

import json
import logging
import sys

import pytest
import torch

from riddle_pl.cli import eval as command
from tests.evaluation.fakes import write_lfw

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
            "batch_size": "3",
            "resamples": "20",
            "device": "cpu",
            FAKE.partition("=")[0]: FAKE.partition("=")[2],
        }
        monkeypatch.chdir(folder)

    def __call__(self, *overrides, without=()):
        given = {text.partition("=")[0].lstrip("+~") for text in overrides} | set(without)
        rest = [f"{key}={value}" for key, value in self.defaults.items() if key.lstrip("+") not in given]
        self.monkeypatch.setattr(sys, "argv", ["riddle-eval", *rest, *overrides])
        status = 0
        handlers, level = logging.root.handlers[:], logging.root.level
        try:
            command.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            logging.root.handlers[:] = handlers
            logging.root.setLevel(level)
        captured = self.capfd.readouterr()
        return status, captured.out, captured.err

    def report(self, out):
        return json.loads((self.folder / out / "report.json").read_text())


@pytest.fixture
def riddle_eval(tmp_path, tiny_pack_folder, capfd, monkeypatch):
    data = write_lfw(tmp_path / "data")
    folder = tmp_path / "here"
    folder.mkdir()
    return RiddleEval(folder, data, tiny_pack_folder, capfd, monkeypatch)


def test_prints_the_table_and_writes_the_report(riddle_eval, tiny_pack):
    status, out, err = riddle_eval("out=report")
    assert (status, err) == (0, "")
    files = {"report.json", "table.csv", "table.md"}
    assert files <= {path.name for path in (riddle_eval.folder / "report").iterdir()}
    assert (riddle_eval.folder / "report" / "table.md").read_text() in out
    report = riddle_eval.report("report")
    assert report["about"]["seed"] == 0
    assert report["about"]["pack"] == "tiny, 32 px"
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


def test_the_same_seed_gives_the_same_numbers_in_any_batches(riddle_eval):
    assert riddle_eval("out=a", "quiet=true") == (0, "", "")
    assert riddle_eval("out=b", "quiet=true", "batch_size=2")[0] == 0
    assert riddle_eval("out=c", "quiet=true", "seed=1")[0] == 0
    a, b, c = (riddle_eval.report(out) for out in "abc")
    assert a["faces"] == b["faces"] != c["faces"]
    for first, second in zip(a["rows"], b["rows"], strict=True):
        values = ([row[key] for key in ("value", "low", "high")] for row in (first, second))
        assert next(values) == pytest.approx(next(values), rel=1e-3, abs=1e-3)


def test_another_encryptor_and_the_pack_s_recogniser_with_its_mark(riddle_eval):
    status, out, _ = riddle_eval(
        "role=encryptor-df", "evaluators=[pack]", "out=o", without=["evaluators.fake._target_"]
    )
    assert status == 0
    assert "encryptor-df (involutive, single password tokens)" in out
    assert "## pack (trained the encryptor" in out


def test_a_photo_that_cannot_be_used_is_listed(riddle_eval, tmp_path):
    for photo in (tmp_path / "data" / "faces").glob("Person_[01]/*"):
        photo.write_bytes(b"not a picture")
    status, out, _ = riddle_eval("out=o", "data.count=6")
    assert status == 0
    assert "4 people, one photo each (2 photos skipped)" in out
    report = riddle_eval.report("o")
    assert len(report["faces"]) == 4
    assert sorted(report["skipped"]) == [f"Person_{i}/Person_{i}_0001.png" for i in (0, 1)]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.root=nowhere", "nowhere/faces does not exist"),
        ("data.pairs=none.txt", "none.txt does not exist"),
        ("data.count=100", "has 6 people; data.count=100"),
        ("data.count=many", "data.count='many' is a str; expected int"),
        ("data.rot=x", "did you mean 'root'"),
        ("sed=1", "did you mean 'seed'"),
        ("+sed=1", "did you mean 'seed'"),
        ("role=encryptr", "did you mean encryptor"),
        ("role=parser", "role=parser is no encryptor; choose from encryptor, encryptor-df"),
        ("pack=./nothing", "manifest.json is missing"),
        ("far=2", "far=2.0; give a false-accept rate"),
        ("batch_size=0", "batch_size=0; give at least 1"),
        ("device=gpu", "choose from auto, cpu, cuda"),
        ("out=table.md/report", "table.md is a file"),
        ("+evaluators.fake.available=false", "pip install fake"),
        ("evaluators=dlip", "did you mean 'dlib'"),
        ("evaluators.fake=null", "evaluators is empty"),
        ("evaluators=mobilefacenet", "give evaluators.mobilefacenet.path="),
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
    assert "evaluators: dlib, mobilefacenet, pack" in out


@pytest.mark.parametrize("option", ["evaluators=[dlib,mobilefacenet,pack]", "detectors=[mtcnn,dlib_hog]"])
def test_every_shipped_option_fits_its_signature(option):
    from riddle_pl.config import check_config, compose_jobs
    from riddle_pl.evaluation.build import build_parts
    from riddle_pl.evaluation.settings import register_eval_schema

    register_eval_schema()
    extra = ["evaluators.mobilefacenet.path=x"] if "mobilefacenet" in option else []
    for pack in ("lite", "ffhq256"):
        [cfg] = compose_jobs("eval", ["data.root=x", f"pack={pack}", option, *extra])
        check_config(cfg)
        if pack == "ffhq256":
            assert len(build_parts(cfg)[-2]) in (1, 3)
