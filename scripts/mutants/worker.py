"""Runs tests on a mutant in a fork of a process in which everything is loaded already.

Importing torch, and the package with its shape checks, takes longer than the tests that notice a mutant. Where only
function bodies differ, the fork therefore gets their new code; else it imports anew what depends on the file.
"""

import ast
import contextlib
import gc
import hashlib
import importlib
import inspect
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from coverage import Coverage

KEPT = ("tests.conftest", "tests.typecheck", "tests.tiny_pack")
"""What installs the shape checks, and the pack of random networks: once is enough."""
LOG = "pytest.log"
"""What the last run of pytest printed."""
MEMORY = 8 << 30
"""Bytes of data a mutant may allocate, so that one of a key derivation does not take the machine."""
WALL = 5
"""Limits are of processor time, since the machine may be busy; a test that waits is ended after so many times that."""


class Tracer:
    """A pytest plugin that notes which tests run which lines of some files, and how long they take."""

    def __init__(self, files: list[str]):
        self.files = files
        self.coverage = Coverage(data_file=None, config_file=False, include=files)
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.coverage.switch_context(item.nodeid)
        start = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.monotonic() - start
            self.coverage.switch_context("")

    def lines(self) -> list[tuple[str, int, list[str]]]:
        """File, line, and the tests that run it."""
        data = self.coverage.get_data()
        found = ((file, data.contexts_by_lineno(file)) for file in self.files)
        return [(file, line, tests) for file, lines in found for line, tests in lines.items()]


@dataclass(frozen=True)
class Traced:
    """What :class:`Tracer` noted: seconds of each test, and the tests that run a line of a file."""

    seconds: dict[str, float]
    tests: dict[tuple[str, int], set[str]]


def trace(root: Path, files: list[str], tests: list[str]) -> Traced:
    """Which tests run which lines of some files, without any mutation; and imports what they import as they run.

    Kept until the package changes; test files that have changed are run again.
    """
    notes = root.parent / "baseline.json"
    known = json.loads(notes.read_text()) if notes.is_file() else {}
    code = _hash(*sorted((root / "src").rglob("*.py")))
    if (known.get("code"), known.get("files")) != (code, files):
        known = {"code": code, "files": files, "hashes": {}, "lines": {}, "seconds": {}, "modules": []}
    hashes = {test: _hash(root / test) for test in tests}
    changed = [test for test in tests if known["hashes"].get(test) != hashes[test]]

    def traced() -> int:
        tracer = Tracer([str(root / file) for file in files])
        with tracer.coverage.collect():
            status = call_pytest(root, changed, [tracer, TinyPack(root)])
        modules = [n for n, m in list(sys.modules.items()) if getattr(m, "__spec__", None) and n != "__main__"]
        if status == 0:
            known["hashes"] |= {test: hashes[test] for test in changed}
            known["lines"] |= {test: [] for test in changed}
            for file, line, names in tracer.lines():
                for name in filter(None, names):
                    known["lines"][name.partition("::")[0]].append((file, line, name))
            known["seconds"] |= tracer.seconds
            known["modules"] = sorted({*known["modules"], *modules})
            notes.write_text(json.dumps(known))
        return status

    if changed and in_fork(root, traced, 1800.0) != 0:
        sys.exit(f"mutants: tests fail without any mutation; see {root.parent / LOG}")
    known = json.loads(notes.read_text())
    for name in known["modules"]:
        if name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    by_line = defaultdict(set)
    for file, line, name in (entry for entries in known["lines"].values() for entry in entries):
        by_line[file, line].add(name)
    return Traced(known["seconds"], by_line)


def _hash(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class TinyPack:
    """A pytest plugin: the pack of random networks, which takes longer to make than most tests, is made once."""

    def __init__(self, root: Path):
        self.made = root.parent / "packs" / "tiny"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if any("tiny_pack_folder" in getattr(item, "fixturenames", ()) for item in session.items):
            module = importlib.import_module("tests.tiny_pack")
            if not self.made.is_dir():
                module.write_tiny_pack(self.made)
            setattr(module, "write_tiny_pack", lambda folder: self.made)  # noqa: B010  # a module has no such name


class Selection:
    """A pytest plugin that keeps some tests, in a given order."""

    def __init__(self, ids: list[str]):
        self.rank = {name: place for place, name in enumerate(ids)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.rank), key=lambda item: self.rank[item.nodeid])


class Worker:
    """Tests mutants of one file. It is a pytest plugin, too: pytest collects the tests once, and forks run them.

    Args:
        root: a copy of the repository, which is changed.
        file: below the root.
        tests: test files below the root.
        traced: what they run.
    """

    def __init__(self, root: Path, file: str, tests: list[str], traced: Traced):
        self.root = root
        self.path = root / file
        self.tests = tests
        self.original = self.path.read_text(encoding="utf-8")
        self.time = self.path.stat().st_mtime_ns
        self.count = 0
        self.failed = False
        self.fault = f"tests of {self.path} could not be collected"
        self.items: dict[str, pytest.Item] = {}
        self.traced = traced
        self.changed = dependents(self.root / "src", self.path)

    def work(self, loop: Callable[[], None]) -> None:
        """Has pytest collect the tests, then calls ``loop``, in which :meth:`run` may be called."""
        self._loop = loop
        call_pytest(self.root, ["-s", *self.tests], [self, TinyPack(self.root)])
        if self.fault:
            sys.exit(f"mutants: {self.fault}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        package = importlib.import_module("riddle_pl")
        if not Path(package.__file__ or "").is_relative_to(self.root):
            self.fault = f"riddle_pl is imported from {package.__file__}, not from the copy that is changed"
            return True
        self.items = {item.nodeid: item for item in session.items}
        self.bodies = Bodies(self.path, self.original)
        sys.dont_write_bytecode = True
        gc.collect()
        gc.freeze()
        self.fault = "stopped"
        self._loop()
        self.fault = ""
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def run(self, source: str, line: int) -> tuple[str, float]:
        """``killed``, ``timeout`` or ``survived``, and the seconds that it took."""
        start = time.monotonic()
        names = self._tests_of(line)
        if not names:
            return "uncovered", 0.0
        swap = self.bodies.swap(source)
        if swap is None:
            status = self._on_disk(source, names)
        else:
            status = in_fork(self.root, lambda: self._items(names, swap), self._limit(names))
        verdict = "timeout" if status is None else "survived" if status == 0 else "killed"
        return verdict, time.monotonic() - start

    def _on_disk(self, source: str, names: list[str]) -> int | None:
        """The exit status of the first test file that fails, or 0. File by file: most do not need the second."""
        self.count += 1
        self.path.write_text(source, encoding="utf-8")
        later = self.time + self.count * 1_000_000_000  # or an older bytecode file would pass for this one's
        os.utime(self.path, ns=(later, later))
        status: int | None = 0
        try:
            for file in self.tests:
                chosen = [name for name in names if name.startswith(f"{file}::")]
                if chosen:
                    status = in_fork(self.root, lambda c=chosen: self._anew(c), self._limit(chosen))
                if status != 0:
                    break
            return status
        finally:
            self.path.write_text(self.original, encoding="utf-8")
            os.utime(self.path, ns=(self.time, self.time))

    def _limit(self, names: list[str]) -> float:
        """Seconds of processor time."""
        return 15.0 + 4.0 * sum(self.traced.seconds[name] for name in names)

    def _tests_of(self, line: int) -> list[str]:
        """Those that run the function around a line; all, for a line outside of functions. In order: file, time."""
        span = _function_around(self.original, line)
        names = set(self.items)
        if span is not None:
            lines = range(span[0], span[1] + 1)
            names &= set().union(*(self.traced.tests.get((str(self.path), line), set()) for line in lines))
        rank = {file: place for place, file in enumerate(self.tests)}
        return sorted(names, key=lambda name: (rank[name.partition("::")[0]], self.traced.seconds[name]))

    def _items(self, names: list[str], prepare: Callable[[], None]) -> int:
        """Runs tests that are collected already until one fails."""
        prepare()
        for name, following in zip(names, [*names[1:], None], strict=True):
            item, after = self.items[name], None if following is None else self.items[following]
            setattr(item, "repr_failure", _in_a_line)  # noqa: B010  # a traceback takes longer than most tests
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self.failed:
                return 1
        return 0

    def _anew(self, names: list[str]) -> int:
        """Runs tests of one file with the changed file on disk."""
        self._forget()
        return call_pytest(self.root, ["-x", names[0].partition("::")[0]], [Selection(names), TinyPack(self.root)])

    def _forget(self) -> None:
        """Lets all that depends on the file be imported anew."""
        for name in list(sys.modules):
            if name in self.changed or (name.startswith("tests.") and name not in KEPT):
                del sys.modules[name]
                parent, _, own = name.rpartition(".")
                if hasattr(sys.modules.get(parent), own):
                    delattr(sys.modules[parent], own)


def call_pytest(root: Path, args: list[str], plugins: list[object]) -> int:
    """Its exit status."""
    options = ["-q", "--tb=short", "--no-header", "-m", "not slow", "-p", "no:cacheprovider", "-W", "ignore"]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and they take longer to load than a test
    return int(pytest.main([*options, f"--basetemp={root.parent / 'tmp'}", *args], plugins=plugins))


def in_fork(root: Path, work: Callable[[], int], limit: float) -> int | None:
    """Exit status of ``work`` in a fork; None if it took more than ``limit`` seconds of processor time."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        log = os.open(root.parent / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))
        status = 99
        try:
            status = work()
        finally:
            sys.stdout.flush()
            os._exit(status)
    end = time.monotonic() + WALL * limit
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                return None if code == -signal.SIGXCPU else code
            time.sleep(0.02)
        return None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)
        shutil.rmtree(root.parent / "tmp", ignore_errors=True)


def _in_a_line(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    return f"{excinfo.typename}: {excinfo.value}"


class Bodies:
    """The functions of a file that is loaded, and their code.

    Args:
        path: of the file.
        source: what was loaded.
    """

    def __init__(self, path: Path, source: str):
        self.path = str(path)
        self.shell, self.codes = _parts(compile(source, self.path, "exec"))
        self.functions: dict[str, list[FunctionType]] = defaultdict(list)
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename == self.path:
                self.functions[one.__code__.co_qualname].append(one)

    def swap(self, source: str) -> Callable[[], None] | None:
        """What gives the functions the code of a changed source; None if more than function bodies differ."""
        shell, codes = _parts(compile(source, self.path, "exec"))
        if shell != self.shell or len(codes) != len(self.codes):
            return None
        pairs = [(old, new) for old, new in zip(self.codes, codes, strict=True) if _body(old) != _body(new)]
        found = [(self.functions.get(old.co_qualname, []), new) for old, new in pairs]
        if not found or any(len(old) != 1 or old[0].__code__.co_freevars != new.co_freevars for old, new in found):
            return None

        def apply() -> None:
            for (function,), new in found:
                function.__code__ = new

        return apply


def _parts(code: CodeType) -> tuple[tuple[Any, ...], list[CodeType]]:
    """A module's or class's code without its functions', and these in order."""
    shell: list[Any] = [code.co_name, code.co_code, code.co_names]
    functions: list[CodeType] = []
    for constant in code.co_consts:
        if not isinstance(constant, CodeType):
            shell.append((type(constant), constant))
        elif not constant.co_flags & inspect.CO_OPTIMIZED:  # of a class
            inner, more = _parts(constant)
            shell.append(inner)
            functions += more
        elif constant.co_name.startswith("<") and constant.co_name != "<lambda>":  # run once, when it is loaded
            shell.append(_body(constant))
        else:
            shell.append(constant.co_qualname)
            functions.append(constant)
    return tuple(shell), functions


def _body(code: CodeType) -> tuple[Any, ...]:
    """All that a function's code does, wherever it stands in the file."""
    constants = [_body(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts]
    variables = (code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, code.co_names, variables, code.co_argcount, code.co_exceptiontable, constants)


def _function_around(source: str, line: int) -> tuple[int, int] | None:
    """First and last line of the body of the innermost function at a line; None on signatures and outside."""
    found = None
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0):
            span = (node.body[0].lineno, node.end_lineno or 0)
            if found is None or span[0] >= found[0]:
                found = span
    return found


def dependents(src: Path, file: Path) -> set[str]:
    """Modules that import a file, directly or not; itself included."""
    names = {path: ".".join(path.relative_to(src).with_suffix("").parts) for path in src.rglob("*.py")}
    names = {path: name.removesuffix(".__init__") for path, name in names.items()}
    known = set(names.values())
    uses: dict[str, set[str]] = {}
    for path, name in names.items():
        found = set(_parents(name))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {part for alias in node.names for part in [alias.name, *_parents(alias.name)]}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *_parents(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        uses[name] = found & known
    reached = {names[file]}
    while more := {name for name, used in uses.items() if used & reached} - reached:
        reached |= more
    return reached


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]
