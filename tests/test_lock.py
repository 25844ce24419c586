"""If this fails, `make setup` installs other versions than the lock says, or says nothing useful when it cannot."""

import importlib.util
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINES = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
PINNED = {canonicalize_name(pin.name): pin for pin in map(Requirement, LINES)}


@pytest.fixture(scope="module")
def lock():
    spec = importlib.util.spec_from_file_location("lock", ROOT / "scripts" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def version(name):
    return str(PINNED[canonicalize_name(name)].specifier).lstrip("=")


# The file.


def test_each_line_is_one_exact_public_version():
    assert len(LINES) > 100
    assert [line for line in LINES if not re.fullmatch(r"[a-z0-9-]+={2,3}[a-z0-9.]+", line)] == []
    assert [line.split("=")[0] for line in LINES] == sorted(PINNED)


UNPINNED = ("mutants",)
"""Extras that nothing but their own target of the Makefile installs."""


def test_each_requirement_of_the_package_and_its_extras_is_pinned_within_its_bounds():
    wanted = [
        *PROJECT["dependencies"],
        *(line for name, lines in PROJECT["optional-dependencies"].items() if name not in UNPINNED for line in lines),
    ]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(version(requirement.name)), requirement


def test_of_torch_and_torchvision_no_local_build_is_taken():
    for name in ("torch", "torchvision"):
        assert not PINNED[name].specifier.contains(f"{version(name)}+cpu"), name
        assert PINNED[name].specifier.contains(version(name)), name


def test_what_is_needed_to_build_a_package_is_pinned_too():
    assert "setuptools" in PINNED


# The script that writes it.


def package(name, version):
    return {"name": name, "version": version}


def test_pins_are_sorted_and_leave_the_package_itself_out(lock):
    found = lock.pins([package("torch", "2.14.1"), package("PyYAML", "6.0"), package("riddle-pl", "0.1.0")])
    assert list(found.values()) == ["pyyaml==6.0", "torch===2.14.1"]


def test_a_local_build_is_refused_with_the_remedy(lock):
    with pytest.raises(lock.LockError, match=r"torch 2\.13\.0\+cpu is a local build.*PIP_FIND_LINKS"):
        lock.pins([package("torch", "2.13.0+cpu")])


def test_the_lock_in_the_repository_reads_back_as_it_was_written(lock):
    assert list(lock.locked().values()) == LINES


def test_changes_name_what_comes_goes_and_moves(lock):
    assert lock.changes({"a": "a==1", "b": "b==1", "c": "c==1"}, {"b": "b==2", "c": "c==1", "d": "d==1"}) == [
        "a==1 -> nothing",
        "b==1 -> b==2",
        "nothing -> d==1",
    ]


def test_another_python_than_the_oldest_is_refused_before_anything_is_resolved(lock, monkeypatch, capsys):
    monkeypatch.setattr(lock, "resolve", lambda: pytest.fail("resolved"))
    monkeypatch.setattr(lock.sys, "argv", ["lock.py"])
    monkeypatch.setattr(lock.sys, "version_info", (3, 99))
    assert lock.main() == 1
    assert "this is Python 3.99, and the lock is made with 3.11" in capsys.readouterr().err


def test_check_writes_nothing(lock, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(lock, "LOCK", tmp_path / "constraints.txt")
    monkeypatch.setattr(lock, "resolve", lambda: [package("torch", "2.14.1")])
    monkeypatch.setattr(lock.sys, "argv", ["lock.py", "--check"])
    assert lock.main() == 0
    assert "nothing -> torch===2.14.1" in capsys.readouterr().out
    assert not lock.LOCK.exists()


# scripts/setup.sh, with a program in place of Python that writes down what it is asked.

PYTHON = """#!/usr/bin/env bash
[ "$1" = -c ] && exit 0
echo "$* | $PIP_CONSTRAINT| $PIP_BUILD_CONSTRAINT" >> "$CALLS"
echo "Successfully installed nothing"
echo "The conflict is caused by:"
echo "    The user requested (constraint) numpy==2.4.6"
echo "Using cached numpy-2.4.6.whl"
echo "$SAYS" >&2
exit "$STATUS"
"""


@pytest.fixture
def setup(tmp_path):
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)

    def run(says="", status=0, **variables):
        own = {k: v for k, v in os.environ.items() if k not in ("LOCKED", "EXTRAS") and not k.startswith("PIP_")}
        env = own | {"CALLS": str(tmp_path / "calls"), "SAYS": says, "STATUS": str(status)} | variables
        command = [ROOT / "scripts" / "setup.sh", tmp_path / "venv"]
        result = subprocess.run(command, env=env, capture_output=True, text=True)
        calls = tmp_path / "calls"
        return result, calls.read_text(encoding="utf-8") if calls.exists() else ""

    return run


def test_the_lock_is_the_default_also_for_packages_that_pip_builds(setup):
    result, calls = setup()
    assert result.returncode == 0
    assert "in the versions of constraints.txt" in result.stdout
    assert "-e .[dev,dlib] | constraints.txt | constraints.txt" in calls


def test_the_users_own_constraints_hold_beside_the_lock(setup):
    assert "| constraints.txt mine.txt|" in setup(PIP_CONSTRAINT="mine.txt")[1]


def test_without_the_lock_nothing_is_pinned(setup):
    result, calls = setup(LOCKED="0", EXTRAS="dev")
    assert result.returncode == 0
    assert "the newest within pyproject.toml's bounds" in result.stdout
    assert calls.strip().endswith("-e .[dev] | |")


def test_another_value_is_refused_before_pip_is_called(setup):
    result, calls = setup(LOCKED="no")
    assert result.returncode == 1
    assert "LOCKED=no is unknown; give 1" in result.stderr
    assert calls == ""


@pytest.mark.parametrize(
    "says",
    ["ERROR: No matching distribution found for numpy==2.4.6", "ERROR: ResolutionImpossible: for help visit"],
)
def test_a_version_that_is_not_to_be_had_is_told_from_a_broken_line(setup, says):
    result, _ = setup(says, status=1)
    assert result.returncode == 1
    assert says in result.stderr
    assert "The user requested (constraint) numpy==2.4.6" in result.stdout
    assert "Using cached" not in result.stdout
    assert "make setup LOCKED=0" in result.stderr
    assert "make lock" in result.stderr
    assert "check the network" not in result.stderr


@pytest.mark.parametrize(("says", "locked"), [("Read timed out", "1"), ("No matching distribution found", "0")])
def test_any_other_failure_names_network_and_disk(setup, says, locked):
    result, _ = setup(says, status=1, LOCKED=locked)
    assert result.returncode == 1
    assert "check the network and the disk space" in result.stderr
    assert "make lock" not in result.stderr
