"""If this fails, nobody sees before the job which face has which number, or a preview is encrypted like a photo."""

from pathlib import Path

import numpy as np
from PIL import Image

from riddle_pl.photos.jobs.plan import is_result
from riddle_pl.photos.jobs.previews import PASSES, REFUSED
from tests.cli.riddle_command import pixels
from tests.photos.fakes import fake_face, fake_photo


def preview(riddle, *args: str):
    settings = (f"--set={value}" for value in ("gate=open", "mask=oval", "invert=encoder"))
    return riddle("preview", *args, "--pack", riddle.pack, *settings)


def shows(path: str, colour: tuple[int, int, int]) -> bool:
    return bool((pixels(path) == np.array(colour, np.uint8)).all(axis=-1).any())


def test_boxes_and_verdicts(riddle):
    odd = fake_face((72.0, 45.0), 5.0)
    odd.points[:] = odd.points[0]  # points that make no face
    riddle.faces = [fake_face((25.0, 35.0), 7.0), odd]
    result = preview(riddle, "photo.png")
    assert (result.status, result.err) == (0, "")
    assert "photo_preview.png: 2 faces" in result.out
    assert "face 0" in result.out
    assert "face 1 (" in result.out
    assert "is refused: " in result.out
    assert shows("photo_preview.png", PASSES)
    assert shows("photo_preview.png", REFUSED)
    assert not shows("photo.png", PASSES)
    before = riddle.files()
    riddle.refused(preview(riddle, "photo.png"), "--force", before=before)
    assert preview(riddle, "photo.png", "--force", "--quiet").out == ""


def test_a_preview_is_no_photo_to_encrypt(riddle):
    Path("photos").mkdir()
    Image.fromarray(fake_photo()).save("photos/a.png")
    assert preview(riddle, "photos").status == 0
    assert is_result(Path("photos/a_preview.png"))
    assert riddle.encrypt("photos", "-o", "safe").status == 0
    assert {path.name for path in Path("safe").iterdir()} == {"a_anonymised.png", "a_anonymised.riddle"}


def test_what_cannot_be_looked_at_stops_nothing_else(riddle):
    Path("photos").mkdir()
    Image.fromarray(fake_photo()).save("photos/a.png")
    Path("photos/b.jpg").write_text("no picture")
    result = preview(riddle, "photos", "-o", "looked")
    assert result.status == 1
    assert "left out: photo photos/b.jpg" in result.err
    assert [path.name for path in Path("looked").iterdir()] == ["a_preview.png"]
    riddle.refused(preview(riddle, "photos/b.jpg"), "photos/b.jpg", before=riddle.files())
