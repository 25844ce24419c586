"""Files that try to run code, or to reach beyond their folder, when they are read."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import EpsImagePlugin

from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.packs import Pack

MLP = "riddle_pl.networks.encryptors.mlp.MLPEncryptor"
ARGS = {"num_layers": 8, "extra_layers": 0, "dim": 8}


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
"""A picture for which Pillow starts Ghostscript, whatever the file's name is."""


class Marks:
    """A file that must stay and one that must not appear: what is run would delete the one or make the other."""

    def __init__(self, folder: Path):
        self.stays = folder / "stays.txt"
        self.stays.write_text("mine")
        self.appears = folder / "appears.npy"

    @property
    def nothing_ran(self) -> bool:
        return self.stays.read_text() == "mine" and not self.appears.exists()

    @property
    def deletes(self) -> dict[str, Any]:
        """A node that Hydra would turn into the call ``Path(...).unlink()``."""
        return {"_target_": "pathlib.Path.unlink", "self": {"_target_": "pathlib.Path", "_args_": [str(self.stays)]}}

    @property
    def writes(self) -> dict[str, Any]:
        """A node that Hydra would turn into the call ``numpy.save(...)``."""
        return {"_target_": "numpy.save", "file": str(self.appears), "arr": [1, 2]}

    def pickled(self) -> bytes:
        """A pickle that makes the second file when it is loaded."""
        return pickle.dumps(Bomb(self.appears))


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def origin(trained_with: Pack, **changes: Any) -> dict[str, Any]:
    """What a checkpoint says of itself, for an MLP of 8 layers of 8 numbers."""
    sha256 = {"generator": trained_with.expected_sha256("generator")}
    encryptor = {"arch": "mlp", "args": ARGS}
    return {"pack": trained_with.name, "sha256": sha256, "tokens": "single", "encryptor": encryptor} | changes


def checkpoint(pack: Pack, config: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """An intact checkpoint, with more in its config and with other entries."""
    state = MLPEncryptor(**ARGS).state_dict()
    return {
        "state_dict": {f"encryptor.{key}": value for key, value in state.items()},
        "hyper_parameters": {"name": "crafted", "seed": 1, **(config or {})},
        "global_step": 3,
        "riddle": origin(pack),
    } | changes


def save(content: Any, path: Path) -> Path:
    """Writes what ``torch.save`` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return path


def one_line(error: BaseException) -> str:
    """The message, if it is one line that can be read on a screen."""
    message = str(error)
    assert message.isprintable(), message
    assert len(message) < 700, message
    return message


def fake_ghostscript(marks: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a program of that name in the way, which makes the file that must not appear."""
    programs = marks.stays.parent / "programs"
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\necho ran > '{marks.appears}'\n")
    (programs / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
