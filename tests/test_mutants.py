"""If this fails, ``make mutants`` leaves out a file of the safety code, or excuses a mutant of code that is gone."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "mutants"
TARGETS = tomllib.loads((SCRIPT / "targets.toml").read_text(encoding="utf-8"))["target"]
ACCEPTED = tomllib.loads((SCRIPT / "accepted.toml").read_text(encoding="utf-8")).get("survivor", [])


def test_files_and_tests_are_there():
    files = [target["file"] for target in TARGETS]
    assert len(set(files)) == len(files)
    assert [name for name in files if not (ROOT / "src/riddle_pl" / name).is_file()] == []
    tests = {name for target in TARGETS for name in target["tests"]}
    assert [name for name in sorted(tests) if not (ROOT / "tests" / name).is_file()] == []
    assert all(target["tests"] for target in TARGETS)


def test_every_loss_is_among_them():
    losses = {f"losses/{path.name}" for path in (ROOT / "src/riddle_pl/losses").glob("*.py")} - {"losses/__init__.py"}
    assert losses <= {target["file"] for target in TARGETS}


def test_survivors_that_are_explained_are_of_lines_that_are_there():
    for one in ACCEPTED:
        lines = {line.strip() for line in (ROOT / "src/riddle_pl" / one["file"]).read_text().splitlines()}
        assert one["before"] in lines, one
        assert one["after"] not in lines - {"continue"}, one
        assert one["why"], one
