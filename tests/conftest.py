"""Shared fixtures, and shape checks at test time: a wrong tensor shape anywhere in the numerics fails a test."""

import importlib
import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

# Before anything of ours is imported. Only numeric modules: Typer, Hydra and Lightning read signatures themselves.
REPOSITORY = Path(__file__).resolve().parents[1]
CHECKED = ("networks", "losses", "key", "password", "packs", "faces", "judging.gate_judges", "photos")
sys.path.insert(0, str(REPOSITORY))  # for `from tests...`, also when pytest is called without `python -m`
importlib.import_module("tests.typecheck")  # the hook only looks it up
install_import_hook([f"riddle_pl.{name}" for name in CHECKED], "tests.typecheck.typechecked")

from riddle_pl.cli.background import THREAD  # noqa: E402
from tests import build_speed, hydra_speed, line_coverage  # noqa: E402
from tests.cpu_time import pytest_runtest_call, pytest_terminal_summary  # noqa: E402, F401  # hooks of pytest

hydra_speed.install()
line_coverage.watch_checked_modules()
build_speed.install()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference tensors, real weights and data, beside the repository or in RIDDLE_SHARED."""
    folder = Path(os.environ.get("RIDDLE_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent (it holds reference tensors and data that are not part of the repository)")
    return folder


@pytest.fixture(autouse=True)
def _own_riddle_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own weights folder or password."""
    monkeypatch.setenv("RIDDLE_HOME", str(tmp_path_factory.getbasetemp() / "riddle_home"))
    monkeypatch.delenv("RIDDLE_PASSWORD", raising=False)


@pytest.fixture(autouse=True)
def _nothing_goes_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a command loads while it asks for a password ends with the test: the next one composes configs, too."""
    yield
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(60)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """A test that fails by chance fails every time, or never: networks built in tests start from the same weights."""
    torch.manual_seed(0)
    np.random.seed(0)  # the global state is what libraries draw from
    random.seed(0)


@pytest.fixture
def few_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that train: the spread of W from a few samples saves seconds per run."""
    monkeypatch.setattr("riddle_pl.training.module.STATISTICS_SAMPLES", 64)
    monkeypatch.setattr("riddle_pl.losses.code_space.SAMPLES", 64)


@pytest.fixture(scope="session")
def tiny_pack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a complete pack of random networks: 32 px, 16 channels, 8 layers. Copy it before you change it."""
    from tests.tiny_pack import write_tiny_pack

    return write_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


@pytest.fixture(scope="session")
def mobile_pack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the mobile pack with stand-ins of random weights. Copy it before you change it."""
    from tests.mobile_pack import write_mobile_pack

    return write_mobile_pack(tmp_path_factory.mktemp("packs") / "stand_ins")


@pytest.fixture(scope="session")
def tiny_pack(tiny_pack_folder: Path):  # type: ignore[no-untyped-def]  # Pack is imported after the hook
    """The pack in ``tiny_pack_folder``; every ``load`` returns a new network."""
    from riddle_pl.packs import load_pack

    return load_pack(tiny_pack_folder)
