"""If this fails, `make demo`, the first thing that a stranger tries, breaks or shows the wrong pictures."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from riddle_pl.demo import people as demo_people
from riddle_pl.demo import run as demo_run
from riddle_pl.demo.journey import COLUMNS, COMPARED, Journey, Traveller
from riddle_pl.demo.sheet import BAD, CELL, GAP, GOOD, HEADING, LEFT, draw_sheet, verdict
from riddle_pl.demo.training import short_training
from riddle_pl.errors import NoFaceError
from riddle_pl.password import KdfParams
from riddle_pl.photos.detect import FaceDetector
from riddle_pl.photos.face_coder import FaceCoder
from tests.cli.riddle_command import pixels
from tests.photos.fakes import FakeDetector, fake_face

WRITTEN = {"demo.png", "astronaut_anonymised.png", "astronaut_anonymised.riddle", "astronaut_recovered.png"}


@pytest.fixture
def no_dlib(monkeypatch):
    """The demo without the extra: quicker, and a path that users meet."""
    monkeypatch.setattr(demo_run.DlibRecogniser, "available", staticmethod(lambda: False))


@pytest.fixture
def one_face(monkeypatch):
    """A face in every picture, the random pack's included."""
    face = fake_face((226.0, 110.0), 30.0)
    monkeypatch.setattr(FaceDetector, "detect", lambda _self, _image: [face])
    monkeypatch.setattr(demo_run, "demo_kdf", lambda seed: KdfParams(8, 1, 1, bytes(16)))


def test_writes_its_files_says_where_and_repeats_itself(riddle, one_face, no_dlib):
    before = riddle.files()
    result = riddle("demo", "--steps", "0", "--pack", riddle.pack, "--out", "new/out")
    assert (result.status, result.err) == (0, "")
    assert riddle.files() - before == {f"new/out/{name}" for name in WRITTEN}
    assert all(name in result.out for name in WRITTEN)
    assert "riddle-pl[dlib]" in result.out
    first = {name: Path("new/out", name).read_bytes() for name in WRITTEN}
    assert riddle("demo", "--steps", "0", "--pack", riddle.pack, "--out", "new/out", "--quiet").out == ""
    assert first == {name: Path("new/out", name).read_bytes() for name in WRITTEN}
    assert pixels("new/out/astronaut_anonymised.png").shape == (512, 512, 3)


def test_table_of_cosines(riddle, one_face, monkeypatch):
    class Fake:
        @staticmethod
        def available() -> bool:
            return True

        def embed(self, x):
            return x.flatten(1)[:, :128]

    monkeypatch.setattr(demo_run, "DlibRecogniser", Fake)
    result = riddle("demo", "--steps", "0", "--pack", riddle.pack)
    assert result.status == 0
    assert "dlib" in result.out
    assert all(name.replace("_", " ") in result.out for name in COMPARED)
    assert "generated person 4" in result.out
    assert Path("demo_output/demo.png").is_file()


def test_training_prints_its_losses(tiny_pack_folder, tmp_path, capfd):
    tiny = ["encryptor.groups=[4,4]", "encryptor.ffn=16"]  # 8 layers
    run = short_training(tmp_path / "run", 4, str(tiny_pack_folder), seed=0, overrides=tiny)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("step ")]
    assert len(lines) == 4
    assert all("loss" in line for line in lines)
    assert (run / "checkpoints" / "last.ckpt").is_file()
    with next(run.rglob("metrics.csv")).open() as file:
        assert any("loss/total" in row for row in csv.DictReader(file))


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--out", "photo.png"), ("photo.png", "folder")),
        (("--pack", "light"), ("light", "lite")),
        (("--steps", "-1"), ("--steps",)),
        (("--steps", "many"), ("--steps",)),
    ],
)
def test_bad_input(riddle, args, expected):
    given = args if "--pack" in args else (*args, "--pack", riddle.pack)
    riddle.refused(riddle("demo", *given), *expected, before={"photo.png", "pw"})


def test_the_right_password_recovers_and_the_columns_hold_what_they_say(tiny_pack):
    travel = Traveller(FaceCoder(tiny_pack, "encryptor-df"), KdfParams(8, 1, 1, bytes(16)))
    images = travel("someone", torch.rand(1, 3, 32, 32) * 2 - 1).images
    assert set(images) == set(COLUMNS)
    torch.testing.assert_close(images["recovered"], images["inversion"], atol=1e-3, rtol=0)
    for name in ("encrypted_a", "encrypted_b", "wrong_1", "wrong_2"):
        assert (images[name] - images["inversion"]).abs().max() > 0.02
    assert (images["encrypted_a"] - images["encrypted_b"]).abs().max() > 0.02


def test_generated_people_are_those_with_a_face(tiny_pack):
    class Every2nd(FakeDetector):
        calls = 0

        def detect(self, image):
            self.calls += 1
            return [fake_face()] if self.calls % 2 else []

    generator = tiny_pack.load("generator")
    found = demo_people.generated_people(generator, Every2nd(), 2, seed=3)
    again = demo_people.generated_people(generator, Every2nd(), 2, seed=3)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.photo, other.photo)
    with pytest.raises(NoFaceError, match="0 faces were found"):
        demo_people.generated_people(generator, FakeDetector(), 1, seed=3)


def test_sheet_shows_each_image_in_its_place():
    greys = {name: torch.full((1, 3, 8, 8), -1 + 2 * i / 6) for i, name in enumerate(COLUMNS)}
    sheet = np.asarray(draw_sheet([Journey("someone", greys)], [{"recovered": 0.99}], 0.9, "a footnote"))
    middles = [sheet[HEADING + CELL // 2, LEFT + i * (CELL + GAP) + CELL // 2, 0] for i in range(len(COLUMNS))]
    np.testing.assert_allclose(middles, [255 * i / 6 for i in range(7)], atol=2)
    assert (sheet[:HEADING] < 128).any()


def test_verdicts():
    assert verdict("recovered", 0.95, 0.9) == ("0.95 same person", GOOD)
    assert verdict("recovered", 0.85, 0.9) == ("0.85 another person", BAD)
    assert verdict("wrong_1", 0.95, 0.9)[1] == verdict("encrypted_a", 0.95, 0.9)[1] == BAD
    assert verdict("wrong_1", 0.85, 0.9)[1] == GOOD
