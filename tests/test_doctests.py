"""If this fails, an example in a docstring of the losses, the metrics or the passwords does not give what it says."""

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"
ROOMS = ("losses", "judging/metrics", "key.py", "password.py")
FLAGS = doctest.ELLIPSIS


def files() -> list[Path]:
    """Python files of these rooms that have examples."""
    found = [SOURCE / "riddle_pl" / room for room in ROOMS]
    every = [path for place in found for path in (place.glob("*.py") if place.is_dir() else [place])]
    return sorted(path for path in every if ">>> " in path.read_text(encoding="utf-8"))


def test_each_room_has_examples() -> None:
    assert {room for room in ROOMS if any(room in path.as_posix() for path in files())} == set(ROOMS)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_examples_give_what_they_say(path: Path) -> None:
    """Docstrings are read from the file: doctest itself passes over functions that a decorator has wrapped."""
    module = import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    shown: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and (text := ast.get_docstring(node)):
            name = getattr(node, "name", path.stem)
            example = doctest.DocTestParser().get_doctest(text, dict(vars(module)), name, str(path), None)
            runner.run(example, out=shown.append)
    assert not runner.failures, "".join(shown)
    assert runner.tries
