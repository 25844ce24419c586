"""If this fails, `riddle encrypt` writes half its output, overwrites a file, leaks metadata or ends in a traceback."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.files import atomic_write
from riddle_pl.photos.record import Record
from tests.cli.riddle_command import pixels
from tests.photos.fakes import fake_face, fake_photo

GIVEN = {"photo.png", "pw"}


def test_writes_the_picture_and_its_record(riddle):
    result = riddle.encrypt("photo.png")
    assert (result.status, result.err) == (0, "")
    assert riddle.files() == GIVEN | {"photo_anonymised.png", "photo_anonymised.riddle"}
    assert "photo_anonymised.png" in result.out
    assert "photo_anonymised.riddle" in result.out
    before, after = pixels("photo.png"), pixels("photo_anonymised.png")
    assert before.shape == after.shape
    assert 0 < (before != after).any(axis=-1).mean() < 0.5
    record = Record.load("photo_anonymised.riddle")
    assert record.mode == "deniable"
    assert record.pack_name == "tiny"


def test_names_mode_and_quiet(riddle):
    result = riddle.encrypt("photo.png", "-o", "x.jpg", "--record", "y.riddle", "--mode", "sealed", "--quiet")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert riddle.files() == GIVEN | {"x.jpg", "y.riddle"}
    assert Record.load("y.riddle").mode == "sealed"


def test_output_lies_beside_the_photo_whatever_the_working_directory(riddle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert riddle.encrypt(str(riddle.folder / "photo.png"), password=str(riddle.folder / "pw")).status == 0
    assert "photo_anonymised.riddle" in riddle.files()


@pytest.mark.parametrize("source", ["stdin", "environment", "prompt"])
def test_other_sources_of_the_password(riddle, monkeypatch, source):
    args = ("encrypt", "photo.png", "--pack", riddle.pack)
    if source == "stdin":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"correct horse\n")))
        result = riddle(*args, "--password-stdin")
    elif source == "environment":
        monkeypatch.setenv("RIDDLE_PASSWORD", "correct horse")
        result = riddle(*args)
    else:
        asked = []
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", lambda question: asked.append(question) or "correct horse")
        result = riddle(*args)
        assert len(asked) == 2
    assert result.status == 0, result.err
    assert riddle.decrypt("photo_anonymised.riddle").status == 0


def test_only_the_largest_face_changes_and_the_user_is_told(riddle):
    riddle.faces = [fake_face((30.0, 35.0), 8.0), fake_face((75.0, 45.0), 5.0)]
    result = riddle.encrypt("photo.png", "--quiet")
    assert result.status == 0
    assert result.err.startswith("warning: ")
    assert "2 faces" in result.err
    np.testing.assert_array_equal(pixels("photo.png")[:, 60:], pixels("photo_anonymised.png")[:, 60:])


def test_metadata_is_not_copied_and_the_photo_is_turned_upright(riddle):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "CameraOfAlice"
    Image.fromarray(np.rot90(fake_photo()).copy()).save("turned.jpg", exif=exif, comment=b"of Alice", quality=95)
    assert riddle.encrypt("turned.jpg").status == 0
    data = Path("turned_anonymised.png").read_bytes()
    assert b"Alice" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert not image.info
        assert image.size == (96, 80)


def test_bad_photos(riddle):
    Path("text.jpg").write_text("no image")
    Path("empty.png").touch()
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:200])
    Path("folder").mkdir()
    before = riddle.files()
    for name in ("missing.jpg", "text.jpg", "empty.png", "cut.png", "folder"):
        riddle.refused(riddle.encrypt(name), name, before=before)
    riddle.faces = []
    riddle.refused(riddle.encrypt("photo.png"), "no face", "photo.png", before=before)


def test_bad_passwords(riddle, monkeypatch):
    Path("none").touch()
    before = riddle.files()
    riddle.refused(riddle.encrypt("photo.png", password="none"), "empty", before=before)
    riddle.refused(riddle.encrypt("photo.png", password="absent"), "absent", before=before)
    riddle.refused(riddle.encrypt("photo.png", "--password-stdin"), "choose one", before=before)
    monkeypatch.setenv("RIDDLE_PASSWORD", "")
    riddle.refused(riddle("encrypt", "photo.png", "--pack", riddle.pack), "RIDDLE_PASSWORD", "empty", before=before)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--mode", "seald"), ("seald", "deniable, sealed")),
        (("--device", "tpu"), ("tpu", "cpu")),
        (("--pack", "light"), ("light", "lite")),
        (("--encryptor", "encryptor-fd"), ("encryptor-fd", "encryptor-df")),
        (("--encryptor", "parser"), ("parser", "not an encryptor")),
        (("-o", "x.bmp"), ("x.bmp", ".png")),
        (("-o", "no/such/x.png"), ("no/such",)),
        (("--record", "no/such/x.riddle"), ("no/such",)),
        (("-o", "x.png", "--record", "x.png"), ("x.png", "--record")),
        (("--pasword-file", "pw"), ("--pasword-file",)),
    ],
)
def test_bad_options(riddle, args, expected):
    given = ("encrypt", "photo.png", "--password-file", "pw", *(() if "--pack" in args else ("--pack", riddle.pack)))
    riddle.refused(riddle(*given, *args), *expected, before=GIVEN)


def test_a_gpu_that_is_not_there(riddle, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    riddle.refused(riddle.encrypt("photo.png", "--device", "cuda"), "cuda", "GPU", before=GIVEN)


@pytest.mark.parametrize("name", ["photo_anonymised.png", "photo_anonymised.riddle"])
def test_existing_files_are_left_alone(riddle, name):
    Path(name).write_text("precious")
    riddle.refused(riddle.encrypt("photo.png"), name, "exists", before=GIVEN | {name})
    assert Path(name).read_text() == "precious"


def test_the_photo_itself_is_never_overwritten(riddle):
    riddle.refused(riddle.encrypt("photo.png", "-o", "photo.png"), "photo.png", "exists", before=GIVEN)


@pytest.mark.parametrize("failing", [".png", ".riddle"])
def test_both_files_or_neither(riddle, monkeypatch, failing):
    def full_disk(path, overwrite=True):
        if Path(path).suffix == failing:
            raise OSError(28, "No space left on device")
        return atomic_write(path, overwrite)

    def refusing(path, overwrite=True):
        from riddle_pl.errors import FileError

        try:
            return full_disk(path, overwrite)
        except OSError as error:
            raise FileError(f"{path} cannot be written ({error.strerror})") from error

    monkeypatch.setattr("riddle_pl.photos.outputs.atomic_write", refusing)
    monkeypatch.setattr("riddle_pl.photos.record.atomic_write", refusing)
    riddle.refused(riddle.encrypt("photo.png"), failing, "No space", before=GIVEN)


def test_a_damaged_pack(riddle, tiny_pack_folder, tmp_path):
    import shutil

    pack = tmp_path / "pack"
    shutil.copytree(tiny_pack_folder, pack)
    (pack / "encoder.safetensors").write_bytes(b"something else")
    riddle.pack = str(pack)
    riddle.refused(riddle.encrypt("photo.png"), "encoder.safetensors", before=GIVEN)
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["format_version"] = 99
    (pack / "manifest.json").write_text(json.dumps(manifest))
    riddle.refused(riddle.encrypt("photo.png"), "99", "upgrade", before=GIVEN)


def test_a_real_face_is_found_and_replaced(riddle, monkeypatch):
    from skimage import data

    monkeypatch.undo()  # the real detector
    monkeypatch.chdir(riddle.folder)
    photo = data.astronaut()[30:230, 130:330]
    Image.fromarray(photo).save("astronaut.png")
    assert riddle.encrypt("astronaut.png").status == 0
    changed = (pixels("astronaut_anonymised.png") != photo).any(axis=-1)
    assert changed[50:120, 60:130].mean() > 0.9  # her face
    assert not changed[180:].any()


def test_help_shows_an_example(riddle):
    result = riddle("encrypt", "--help")
    assert result.status == 0
    assert "riddle encrypt portrait.jpg" in result.out
