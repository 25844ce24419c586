"""If this fails, CI skips a Python that the package names, calls what is not there, or may do more than it must."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z_]+) [?]=", MAKEFILE, flags=re.MULTILINE))
WORKFLOW = yaml.load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"), yaml.BaseLoader)
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
HOOKS = [
    hook
    for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    for hook in repo["hooks"]
]
CHECKS = {"test", "test-slow", "notebooks", "docs", "wheel-smoke"}


def made(commands):
    """The targets that lines of shell make; each line must be a call of make, with variables that the Makefile has."""
    found = set()
    for line in commands:
        call = re.fullmatch(r"make ([a-z-]+)((?: [A-Z_]+=\S+)*)", line)
        assert call, line
        assert set(re.findall(r"([A-Z_]+)=", call[2])) <= VARIABLES, line
        found.add(call[1])
    assert found <= TARGETS, found - TARGETS
    return found


def classified():
    pattern = r"Programming Language :: Python :: (3\.\d+)"
    return [found[1] for line in PROJECT["project"]["classifiers"] if (found := re.fullmatch(pattern, line))]


def test_the_matrix_is_the_pythons_of_the_package_with_and_without_dlib():
    matrix = JOBS["locked"]["strategy"]["matrix"]
    assert matrix["python"] == classified()
    assert PROJECT["project"]["requires-python"] == f">={matrix['python'][0]}"
    assert matrix["extras"] == ["dev,dlib", "dev"]
    assert JOBS["locked"]["env"]["EXTRAS"] == "${{ matrix.extras }}"


@pytest.mark.parametrize("job", sorted(JOBS))
def test_each_job_sets_up_and_makes_all_checks_of_make(job):
    commands = [step["run"] for step in JOBS[job]["steps"] if "run" in step]
    assert commands[0] == "make setup"
    assert made(commands) >= CHECKS
    assert set(JOBS[job]["env"]) <= VARIABLES
    assert JOBS[job]["env"]["PYTHON"] == "python${{ matrix.python }}"


def test_the_newest_versions_are_tried_each_week_and_the_lock_otherwise():
    assert [entry["cron"].split()[4] for entry in WORKFLOW["on"]["schedule"]] == ["1"]
    assert JOBS["loose"]["env"]["LOCKED"] == "0"
    assert "schedule" in JOBS["loose"]["if"]
    assert "LOCKED" not in JOBS["locked"]["env"]
    assert set(JOBS["loose"]["strategy"]["matrix"]["python"]) <= set(classified())


def test_the_workflow_may_read_and_nothing_else():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "permissions" in job] == []
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == ["false"] * len(JOBS)


def test_each_action_is_pinned_to_a_commit():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name)] == []


def test_the_script_for_ci_makes_the_same_checks():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert made([line for line in lines if line.startswith("make")]) == CHECKS | {"lock-check"}


def test_the_coverage_has_a_floor_in_a_whole_run_and_none_in_a_part():
    env = {k: v for k, v in os.environ.items() if k not in ("PYTEST_ARGS", "MAKEFLAGS")}  # of the make that runs this
    for arguments, floor in ((), True), (("PYTEST_ARGS=-k password",), False):
        command = ["make", "-n", "test", "VENV=none", *arguments]
        shown = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert ("--fail-under 95" in shown.stdout) == floor, shown.stdout
        (line,) = [line for line in shown.stdout.splitlines() if "pytest -n" in line]
        assert ("slipcover" in line) == floor, line
        assert line.endswith("-k password") != floor, line


def test_each_hook_is_a_program_of_the_environment_so_that_no_version_differs():
    for hook in HOOKS:
        program = Path(hook["entry"].split()[0])
        assert program.parent == Path(".venv/bin"), hook["id"]
        assert hook["language"] == "system", hook["id"]
        assert Path(sys.executable).with_name(program.name).is_file(), program


def test_the_hooks_run_ruff_and_mypy():
    assert {"ruff-check", "ruff-format", "mypy"} <= {hook["id"] for hook in HOOKS}
