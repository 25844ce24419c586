"""Runs the real `riddle` command line inside the test's process."""

import math
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.cli import app
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.key import KdfParams
from tests.photos.fakes import fake_face, fake_photo


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


class Riddle:
    """`riddle("encrypt", "photo.png")` in a folder that holds `photo.png` and `pw`; any picture has one fake face."""

    def __init__(self, folder: Path, pack: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
        self.folder = folder
        self.pack = str(pack)
        self.capfd = capfd
        self.monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        Image.fromarray(fake_photo()).save(folder / "photo.png")
        (folder / "pw").write_text("correct horse\n", encoding="utf-8")
        self.faces = [fake_face()]
        monkeypatch.setattr(PhotoFaceDetector, "detect", lambda _self, _image: self.faces)
        monkeypatch.setattr("riddle_pl.process.SECONDS_PER_LINE", math.inf)  # lines come where a machine is slow
        cheap = partial(KdfParams, memory_kib=8, time=1)  # 64 MiB per password would be most of the tests' time
        for module in ("photos.pseudonymise", "photos.record.linkable", "photos.rekey"):
            monkeypatch.setattr(f"riddle_pl.{module}.KdfParams", cheap)
        self.settings = [
            "gate=open",
            "mask=oval",
            "invert=encoder",
        ]  # random networks protect nobody, nor refine anything

    def __call__(self, *args: str) -> Result:
        given = self.settings if args and args[0] in ("encrypt", "decrypt", "rekey") else []
        self.monkeypatch.setattr(sys, "argv", ["riddle", *args, *(f"--set={value}" for value in given)])
        status = 0
        try:
            app.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        captured = self.capfd.readouterr()
        return Result(status, captured.out, captured.err)

    def encrypt(self, *args: str, password: str = "pw") -> Result:
        return self("encrypt", *args, "--pack", self.pack, "--password-file", password)

    def decrypt(self, *args: str, password: str = "pw") -> Result:
        return self("decrypt", *args, "--pack", self.pack, "--password-file", password)

    def rekey(self, *args: str, password: str = "pw", new: str = "new") -> Result:
        return self("rekey", *args, "--pack", self.pack, "--password-file", password, "--new-password-file", new)

    def files(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def refused(self, result: Result, *expected: str, before: set[str]) -> None:
        """One line on stderr that holds all of ``expected``, status 2, no file more or less."""
        assert result.status == 2, result
        assert result.out == ""
        assert result.err.startswith("error: ")
        assert result.err.count("\n") == 1, result.err
        for text in expected:
            assert text in result.err
        assert self.files() == before


def pixels(path: Path | str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
