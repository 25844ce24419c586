"""``riddle doctor`` would call a broken installation healthy, or die of the fault that it should explain."""

import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from riddle_pl.cli import app, doctor
from riddle_pl.cli.doctor import Finding
from riddle_pl.pack_names import EMBEDDED


def status_of(what: str, found: list[Finding]) -> Finding:
    return next(finding for finding in found if finding.what == what)


def test_this_installation() -> None:
    report = doctor.findings()
    assert [finding for finding in report if finding.status == "broken"] == []
    assert {"python", "packages", "torch", "torchvision", "GPU", "Argon2id", "weights folder"} <= {
        f.what for f in report
    }


def test_a_torchvision_for_another_torch_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def importing(name: str) -> ModuleType:
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return import_module(name)

    monkeypatch.setattr(doctor, "import_module", importing)
    finding = status_of("torchvision", list(doctor.check_torch()))
    assert finding.status == "broken"
    assert "torchvision was built for another torch" in finding.detail
    assert "pip install --force-reinstall torch torchvision" in finding.detail


def test_wrong_missing_and_malicious_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["pytorch-lightning>=2.6.6,<2.7", "hydra-core<1.4", "absent>=1", "wandb>=0.1", "extra; extra == 'dev'"]
    found = {"pytorch-lightning": "2.6.3", "hydra-core": "1.4.1", "wandb": "0.20"}

    def version(name: str) -> str:
        if name not in found:
            raise doctor.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(doctor, "requires", lambda _: wanted)
    monkeypatch.setattr(doctor, "version", version)
    (finding,) = doctor.check_requirements()
    assert finding.status == "broken"
    for text in ("2.6.3 is a malicious release", "hydra-core is 1.4.1", "absent is missing"):
        assert text in finding.detail
    assert "wandb" not in finding.detail
    assert "extra" not in finding.detail


def test_every_extra_is_listed_with_what_it_is_for() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) == set(doctor.EXTRAS)
    assert {finding.what for finding in doctor.check_extras()} == {f"extra {name}" for name in doctor.EXTRAS}


def test_a_damaged_pack_and_an_unwritable_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(EMBEDDED, "lite", tmp_path)
    assert status_of("pack lite", list(doctor.check_packs())).status == "broken"
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("RIDDLE_HOME", str(file / "below"))
    (finding,) = doctor.check_cache()
    assert finding.status == "broken"
    assert "RIDDLE_HOME" in finding.detail


def test_broken_is_exit_status_2_and_a_check_that_raises_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check_gizmo() -> Iterator[Finding]:
        raise OSError("no gizmo")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (doctor.check_python, check_gizmo))
    monkeypatch.setattr(sys, "argv", ["riddle", "doctor"])
    with pytest.raises(SystemExit) as stop:
        app.main()
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert "OSError: no gizmo" in out
    assert err == "error: broken: gizmo; the table above says what to do\n"


def test_all_well_is_exit_status_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (doctor.check_python,))
    monkeypatch.setattr(sys, "argv", ["riddle", "doctor"])
    app.main()
    assert "python" in capsys.readouterr().out
