"""If this fails, a part of the package leans on one that stands on it: neither can be understood or changed alone."""

import ast
import functools
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src"
MAP = (Path(__file__).resolve().parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")

ROOMS = (
    ("launch",),
    ("errors", "provenance"),
    ("files", "device", "process", "key", "pack_names"),
    ("config", "networks", "archives"),
    ("losses", "password"),
    ("packs",),
    ("inversion", "faces"),
    ("data",),
    ("judging",),
    ("figures",),
    ("training", "photos"),
    ("pretraining",),
    ("evaluation",),
    ("demo",),
    ("cli",),
)
"""From the bottom to the top. A room imports from those below its floor; rooms of one floor know nothing of each other,
and of ``riddle_pl`` itself anybody may read the version. docs/architecture.md draws the same."""

WITHIN = {
    "photos": (("record", "gate", "paste"), (".",), ("jobs",)),
    "evaluation": (
        ("methods",),
        ("build", "scores"),
        ("report",),
        ("photos",),
        ("run",),
        ("preflight",),
        ("audits",),
        ("attacks",),
        ("ablation",),
    ),
}
"""The same for the folders and files of a large room; "." are the files beside its folders."""

EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()
"""Arrows that run up and may, as (from, to) modules. There is none; give a reason with each."""


@functools.cache
def modules() -> dict[str, Path]:
    """Dotted names of the package's modules; ``conf`` holds no code."""
    found = {}
    for path in sorted((SRC / "riddle_pl").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: path for name, path in found.items() if not f"{name}.".startswith("riddle_pl.conf.")}


def imported(source: str) -> Iterator[str]:
    """The package's modules that a file imports: at its top, in functions, and for type checkers alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom) and node.module in modules():
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules() else str(node.module)


@functools.cache
def arrows() -> dict[str, set[str]]:
    """What each module imports of the package."""
    return {name: set(imported(path.read_text(encoding="utf-8"))) for name, path in modules().items()}


def floors(order: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    return {room: floor for floor, rooms in enumerate(order) for room in rooms}


def upward(order: dict[str, int], room_of: dict[str, str]) -> list[str]:
    """Imports of a module whose room is no lower, and another one."""
    return sorted(
        f"{module} imports {target}"
        for module, targets in arrows().items()
        for target in targets
        if module in room_of and target in room_of and (module, target) not in EXCEPTIONS
        if room_of[module] != room_of[target] and order[room_of[module]] <= order[room_of[target]]
    )


def rooms() -> dict[str, str]:
    """The room of every module, but for ``riddle_pl`` itself."""
    return {name: name.split(".")[1] for name in modules() if name != "riddle_pl"}


def parts(room: str) -> dict[str, str]:
    """The part of the room that a module of it lies in."""
    named = floors(WITHIN[room])
    inner = {name: name.split(".")[2] for name in modules() if name.startswith(f"riddle_pl.{room}.")}
    return {name: part if part in named else "." for name, part in inner.items()}


def test_every_room_has_a_floor() -> None:
    assert set(rooms().values()) == set(floors(ROOMS))


def test_no_arrow_runs_up() -> None:
    assert upward(floors(ROOMS), rooms()) == []


@pytest.mark.parametrize("room", sorted(WITHIN))
def test_no_arrow_runs_up_within_a_room(room: str) -> None:
    order = floors(WITHIN[room])
    assert set(parts(room).values()) == set(order)
    assert upward(order, parts(room)) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    TopologicalSorter(arrows()).prepare()  # names the circle in its error


def test_no_exception_is_left_over() -> None:
    assert [pair for pair in EXCEPTIONS if pair[1] not in arrows().get(pair[0], ())] == []


def test_imports_are_seen_wherever_they_stand() -> None:
    source = "import riddle_pl.files\ndef f():\n    from riddle_pl.packs import load_pack, pack\n"
    assert sorted(imported(source)) == ["riddle_pl.files", "riddle_pl.packs", "riddle_pl.packs.pack"]


def test_an_arrow_that_runs_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {**arrows(), "riddle_pl.errors": {"riddle_pl.packs.pack"}}
    monkeypatch.setattr(f"{__name__}.arrows", lambda: more)
    assert upward(floors(ROOMS), rooms()) == ["riddle_pl.errors imports riddle_pl.packs.pack"]


def test_the_map_draws_the_same_floors() -> None:
    drawn = MAP.partition("```\n")[2].partition("```")[0].splitlines()
    assert [tuple(line.split(", ")) for line in reversed(drawn)] == list(ROOMS)


def test_the_files_of_the_map_are_there() -> None:
    named = re.findall(r"`([a-z_0-9]+(?:/[a-z_0-9]+)+\.py)`", MAP)
    assert len(named) > 40
    roots = (SRC.parent, SRC / "riddle_pl", SRC / "riddle_pl" / "networks")
    assert [file for file in named if not any((root / file).is_file() for root in roots)] == []
