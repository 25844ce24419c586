"""If this fails, a judge of the config tree cannot be chosen, or its absence is no plain sentence."""

from pathlib import Path

import pytest

from riddle_pl.config import check_config, compose_jobs, instantiate
from riddle_pl.judging.judge import Judge

CONF = Path(__file__).resolve().parents[2] / "conf"
GROUPS = ("evaluators", "detectors", "features")
FILES = [path for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")
def test_it_composes_builds_and_says_whether_it_can_run(path, monkeypatch, tmp_path):
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path))
    group, name = path.parent.name, path.stem
    [cfg] = compose_jobs("eval", ["data.root=x", f"{group}=[{name}]", "device=cpu"])
    check_config(cfg)
    assert list(cfg[group]) == [name]
    judge = instantiate(cfg[group][name], f"{group}.{name}")
    assert isinstance(judge, Judge)
    assert judge.name
    reason = judge.missing()
    if reason is None:
        assert judge.fingerprint
    else:
        assert "\n" not in reason
        assert "pip install" in reason or "riddle weights" in reason
    judge.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}={path.stem}")
def test_it_begins_with_the_command_that_uses_it(path):
    assert path.read_text(encoding="utf-8").startswith("# riddle-eval ")
