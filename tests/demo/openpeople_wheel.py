"""A small wheel in place of that of openpeople: the same names inside, pictures without a person."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from riddle_pl.demo import openpeople
from riddle_pl.files import sha256_file
from tests.photos.fakes import fake_photo


def write_openpeople(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Writes the wheel, which is from now on the one that the demo expects; pip can read it."""
    path = folder / openpeople.WHEEL
    info = "openpeople-0.1.2.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("openpeople/__init__.py", "raise SystemExit('imported')")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: openpeople\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any")
        archive.writestr(f"{info}/RECORD", "")
        for seed, person in enumerate(openpeople.PEOPLE):
            picture = io.BytesIO()
            Image.fromarray(fake_photo(seed)).save(picture, format="PNG")
            archive.writestr(openpeople.photo_name(person), picture.getvalue())
    monkeypatch.setattr(openpeople, "SHA256", sha256_file(path))
    return path
