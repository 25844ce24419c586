"""If this fails, `scripts/align_faces.py` loses pictures, or aligns otherwise than training and evaluation do."""

import runpy
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import DataError, FileError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.pixels import to_pixels
from tests.photos.fakes import fake_face, fake_photo

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "align_faces.py"))


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos with one fake face each, and a file that is no picture."""
    monkeypatch.setattr(FaceDetector, "largest", lambda _self, _pixels, _name: fake_face())
    (tmp_path / "photos" / "Anna").mkdir(parents=True)
    for k in range(2):
        Image.fromarray(fake_photo(k)).save(tmp_path / "photos" / "Anna" / f"{k}.png")
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "photos"


def test_crops_are_those_of_training_under_the_names_of_the_pictures(script, photos, capsys):
    archive = photos.with_name("faces.tar")
    assert script["align"](photos, archive, 64) == ["broken.jpg"]
    assert "left out: " in capsys.readouterr().err
    with tarfile.open(archive) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}
    assert sorted(found) == ["Anna/0.jpg", "Anna/1.jpg"]
    expected = to_pixels(align_face(fake_photo(1), ffhq_quad(fake_face().points), 64)[0])
    with Image.open(BytesIO(found["Anna/1.jpg"])) as image:
        apart = np.abs(np.asarray(image).astype(int) - expected)
    assert apart.mean() < 4  # JPEG


def test_nothing_is_overwritten_or_made_of_nothing(script, photos, tmp_path):
    (tmp_path / "mine.tar").write_bytes(b"mine")
    with pytest.raises(FileError, match="exists already"):
        script["align"](photos, tmp_path / "mine.tar")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no picture"):
        script["align"](tmp_path / "empty", tmp_path / "new.tar")
    assert not (tmp_path / "new.tar").exists()
