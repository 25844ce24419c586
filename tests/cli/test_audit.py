"""If this fails, `riddle-audit` does not measure what a model card says, or greets a mistake with a traceback."""

import json
import shutil

import pytest

from riddle_pl.cli import audit as command
from riddle_pl.config import check_config, compose_jobs
from tests.cli.hydra_command import run_command
from tests.evaluation.fakes import write_lfw
from tests.pretraining.archives import face_archive

FAKE = "+evaluators.fake._target_=tests.evaluation.fakes.FakeRecogniser"
GENERATOR = (
    "audit=generator",
    "evaluators=[]",
    "detectors=[]",
    FAKE,
    "data.root=data",
    "audit.faces.archives=[faces]",
    "audit.faces.identities=null",
    "audit.faces.held_out=0.3",
    "audit.people.faces=faces",
    "audit.people.count=6",
    "audit.count=4",
)


@pytest.fixture
def riddle_audit(tmp_path, tiny_pack_folder, capfd, monkeypatch):
    """`riddle_audit("audit=encryptor")` in a folder with `data` and a pack that has cards."""
    write_lfw(tmp_path / "data")
    face_archive(tmp_path / "data")
    pack = shutil.copytree(tiny_pack_folder, tmp_path / "pack")
    (pack / "generator.md").write_text("# generator\n\nIt draws.\n")
    monkeypatch.chdir(tmp_path)

    def run(*overrides):
        settings = ["pack=./pack", "out=report", "device=cpu", "resamples=20"]
        return run_command(command.main, ["riddle-audit", *settings, *overrides], capfd, monkeypatch)

    return run


def test_prints_writes_and_exports(riddle_audit, tmp_path, tiny_pack):
    status, out, err = riddle_audit(*GENERATOR, "export=./pack")
    assert (status, err) == (0, "")
    markdown = (tmp_path / "report" / "audit.md").read_text().splitlines()
    assert out.splitlines()[:30] == markdown[:30]
    content = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert tiny_pack.expected_sha256("generator") in content["about"]["network"]
    assert content["about"]["command"].startswith("`riddle-audit pack")
    assert {figure["section"] for figure in content["measurements"]} >= {"FD-fake", "Diversity by fake"}
    card = (tmp_path / "pack" / "generator.md").read_text()
    assert "## Audit" in card
    assert "pictures/generator_truncation.jpg" in card
    assert (tmp_path / "pack" / "pictures" / "generator_truncation.jpg").is_file()
    assert not (tmp_path / "pack" / "pictures" / "generator_closest_fake_psi_1.jpg").exists()


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (("audit=genrator",), "did you mean 'generator'"),
        (("audit=parser",), "data.root has no value"),
        (("audit=encryptor", "audit.repeat=3"), "did you mean 'repeats'"),
        (("audit=encryptor", "export=./pack"), "encryptor.md does not exist"),
        (("audit=encryptor", "export=./nothing"), "manifest.json is missing"),
        (("audit=encryptor", "resamples=0"), "resamples=0; expected a whole number of at least 1"),
        (("audit=encoder", "data.root=data", "invert=optimize", "evaluators=[]"), "did you mean 'optimise'"),
        ((*GENERATOR, "audit.faces.archives=[none]"), "none.tar does not exist"),
        ((*GENERATOR, "+evaluators.fake.available=false"), "pip install fake"),
        (("audit=generator", "data.root=data"), "riddle weights import mobilefacenet FILE --pack evaluators"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(riddle_audit, tmp_path, overrides, expected):
    status, out, err = riddle_audit(*overrides)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert expected in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "pack"]


def test_help_shows_an_example(riddle_audit):
    status, out, _ = riddle_audit("--help")
    assert status == 0
    assert "riddle-audit audit=generator" in out
    assert "audit: encoder, encryptor, generator, groups, parser, public_part, recogniser" in out


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((role, role) for role in ("encoder", "encryptor", "generator", "parser", "recogniser")),
        ("groups", "encryptor"),
    ],
)
def test_every_shipped_audit_fits_its_signature(name, role):
    from riddle_pl.evaluation.audits.preflight import build_audit

    [cfg] = compose_jobs("audit", [f"audit={name}", "data.root=x"])
    check_config(cfg)
    assert build_audit(cfg)[1].role == role
