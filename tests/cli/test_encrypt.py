"""If this fails, `riddle encrypt` writes half its output, overwrites a file, leaks metadata or ends in a traceback."""

import io
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from riddle_pl.cli import encrypt_order
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.files import atomic_write
from riddle_pl.photos.record.record import Record
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


@pytest.mark.parametrize("mode", ["deniable", "sealed"])
def test_what_the_record_gives_away_is_said_in_one_line(riddle, mode):
    """With a link to the page that has the figures; never where --quiet asks for silence."""
    result = riddle.encrypt("photo.png", "--mode", mode)
    (line,) = (line for line in result.out.splitlines() if "docs/security.md" in line)
    assert line.startswith("note: ")
    assert "records of one person" not in result.out
    for said in ("guesses of the password", "other records"):
        assert said in line
    result = riddle.encrypt("photo.png", "-o", "x.png", "--json", "-")
    assert json.loads(result.out)["counts"]["done"] == 1
    assert result.err == f"{line}\n"
    result = riddle.encrypt("photo.png", "-o", "y.png", "--json", "-", "--quiet")
    assert result.err == ""
    assert "docs/security.md" in " ".join(riddle("encrypt", "--help").out.split())


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


TWO = [fake_face((25.0, 35.0), 7.0), fake_face((72.0, 45.0), 5.0)]


def changed(before: str, after: str) -> tuple[bool, bool]:
    """Whether the left and the right part of a photo with ``TWO`` faces changed."""
    differs = (pixels(before) != pixels(after)).any(axis=-1)
    return bool(differs[:, :50].any()), bool(differs[:, 55:].any())


def test_all_faces_change_unless_some_are_chosen(riddle):
    riddle.faces = TWO
    for name, args, expected in (
        ("all.png", (), (True, True)),
        ("only.png", ("--only", "1"), (False, True)),
        ("except.png", ("--except", "1"), (True, False)),
    ):
        assert riddle.encrypt("photo.png", "-o", name, *args).status == 0
        assert changed("photo.png", name) == expected, name
    riddle.refused(riddle.encrypt("photo.png", "-o", "x.png", "--only", "2"), "no face 2", before=riddle.files())
    riddle.refused(riddle.encrypt("photo.png", "-o", "x.png", "--except", "0,1"), "no face", before=riddle.files())
    riddle.refused(riddle.encrypt("photo.png", "-o", "x.png", "--only", "ann"), "--only ann", before=riddle.files())


def test_faces_with_their_own_passwords(riddle):
    riddle.faces = TWO
    Path("other").write_text("battery staple")
    given = ("--mode", "sealed", "--face-password-file", "1=other")
    assert riddle.encrypt("photo.png", *given).status == 0
    record = "photo_anonymised.riddle"
    assert riddle.decrypt(record, "-o", "both.png", "--face-password-file", "1=other").status == 0
    np.testing.assert_array_equal(pixels("both.png"), pixels("photo.png"))
    assert riddle.decrypt(record, "-o", "one.png", "--only", "1", password="other").status == 0
    assert changed("one.png", "photo.png") == (True, False)
    riddle.refused(riddle.decrypt(record, "-o", "none.png"), "password is wrong", before=riddle.files())
    result = riddle.encrypt("photo.png", "-o", "x.png", "--face-password-file", "other")
    riddle.refused(result, "INDEX=FILE", before=riddle.files())


def test_metadata_is_not_copied_and_the_photo_is_turned_upright(riddle):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "CameraOfAlice"
    secret = {"exif": exif, "comment": b"of Alice", "xmp": b"<x>Alice</x>", "icc_profile": b"Alice" * 40}
    Image.fromarray(np.rot90(fake_photo()).copy()).save("turned.jpg", quality=95, **secret)
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Alice")
    Image.fromarray(fake_photo()).save("text.png", pnginfo=text, exif=exif, icc_profile=b"Alice" * 40)
    for name, note in (("turned.jpg", True), ("text.png", True), ("text.png", False)):
        out = f"{Path(name).stem}-{note}{Path(name).suffix}"
        assert riddle.encrypt(name, "-o", out, *(() if note else ("--no-synthetic-note",))).status == 0
        data = Path(out).read_bytes()
        assert b"Alice" not in data
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == ((96, 80) if name == "turned.jpg" else (80, 96))
            assert not image.getexif()
            assert not {"icc_profile", "comment", "Author"} & set(image.info)
            assert (b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in image.info.get("xmp", b"")) == note


def test_the_format_is_kept_where_it_can_be_written(riddle):
    for name, expected in (("a.jpg", ".jpg"), ("b.JPEG", ".JPEG"), ("c.bmp", ".png"), ("d.webp", ".webp")):
        Image.fromarray(fake_photo()).save(name)
        assert riddle.encrypt(name).status == 0
        assert Path(name).with_name(f"{Path(name).stem}_anonymised{expected}").is_file()


def test_report_of_every_face(riddle):
    riddle.faces = TWO
    assert riddle.encrypt("photo.png", "--only", "0", "--json", "report.json").status == 0
    (photo,) = json.loads(Path("report.json").read_text())["photos"]
    assert (photo["photo"], photo["state"], photo["picture"]) == ("photo.png", "done", "photo_anonymised.png")
    assert [face["chosen"] for face in photo["faces"]] == [True, False]
    assert photo["faces"][0]["detector_score"] == 0.99
    assert len(photo["faces"][0]["box"]) == 4
    assert {"inversion_quality", "seconds"} <= set(photo["faces"][0])
    result = riddle.encrypt("photo.png", "-o", "x.png", "--json", "-")
    assert json.loads(result.out)["counts"]["done"] == 1
    riddle.refused(riddle.encrypt("photo.png", "-o", "y.png", "--json", "pw"), "pw", "--json", before=riddle.files())


def test_a_person_is_chosen_by_a_photo(riddle, monkeypatch):
    """Judged by the mean colour of the face, so that the test knows who is who."""
    riddle.faces = TWO
    photo = fake_photo() // 3
    photo[:, 50:] += 150
    Image.fromarray(photo).save("group.png")
    Image.fromarray(photo[:, 50:]).save("bright.png")

    class ByColour:
        name, note, same_person = "colour", "", 0.99

        def embed(self, x):
            mean = x.mean(dim=(1, 2, 3))
            return torch.stack([mean, torch.full_like(mean, 0.2)], dim=1)

    monkeypatch.setattr("riddle_pl.cli.encrypt_work.best_judge", lambda *_args: ByColour())
    detect = PhotoFaceDetector.detect
    monkeypatch.setattr(
        PhotoFaceDetector, "detect", lambda self, image: [fake_face((22.0, 45.0), 5.0)] if image.shape[1] < 60 else TWO
    )
    assert riddle.encrypt("group.png", "-o", "only.png", "--only", "bright.png").status == 0
    assert changed("group.png", "only.png") == (False, True)
    assert riddle.encrypt("group.png", "-o", "but.png", "--except", "bright.png").status == 0
    assert changed("group.png", "but.png") == (True, False)
    monkeypatch.setattr(PhotoFaceDetector, "detect", detect)


def test_choices_are_read_once(riddle, monkeypatch):
    """A photo of a person that is deleted meanwhile is not asked for again."""
    read = []
    parse = encrypt_order.parse_faces
    monkeypatch.setattr(encrypt_order, "parse_faces", lambda given, option: read.append(option) or parse(given, option))
    assert riddle.encrypt("photo.png", "--only", "0").status == 0
    assert read == ["--only", "--except"]


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
        (("--encryptor", "parser"), ("parser", "no encryptor")),
        (("-o", "x.bmp"), ("x.bmp", ".png")),
        (("-o", "no/such/x.png"), ("no/such",)),
        (("--record", "no/such/x.riddle"), ("no/such",)),
        (("-o", "x.png", "--record", "x.png"), ("x.png", "--record")),
        (("--pasword-file", "pw"), ("--pasword-file",)),
        (("--on-failure", "blur"), ("blur", "error, solid, skip")),
        (("--archive", "pw"), ("archive pw", "no zip")),
        (("--archive", "x.zip", "--embed"), ("--archive", "--embed")),
        (("--embed", "-o", "x.jpg"), ("x.jpg", ".png")),
        (("--set", "face_detector.min_scor=0.9"), ("min_scor", "min_score")),
        (("--jobs", "0"), ("--jobs",)),
    ],
)
def test_bad_options(riddle, args, expected):
    given = ("encrypt", "photo.png", "--password-file", "pw", *(() if "--pack" in args else ("--pack", riddle.pack)))
    riddle.refused(riddle(*given, *args), *expected, before=GIVEN)


@pytest.mark.parametrize(
    "args", [("--mode", "sealled"), ("--on-failure", "blur"), ("--nosuch",), ("--archive", "x", "--force")]
)
def test_a_refused_option_waits_for_no_network(args):
    """Importing torch takes seconds."""
    code = (
        "import sys; from riddle_pl.cli.app import main\n"
        f"sys.argv = ['riddle', 'encrypt', 'x.jpg', *{args!r}]\n"
        "try: main()\n"
        "except SystemExit as stop: print(stop.code, *{'torch', 'numpy', 'scipy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
    assert done.stderr.startswith("error: ")


def test_what_is_no_face_stays_as_it_is_and_is_not_judged(riddle):
    riddle.faces = TWO
    assert riddle.encrypt("photo.png", "-o", "x.png", "--not-a-face", "1", "--json", "r.json").status == 0
    assert changed("photo.png", "x.png") == (True, False)
    (photo,) = json.loads(Path("r.json").read_text())["photos"]
    assert [face["not_a_face"] for face in photo["faces"]] == [False, True]
    before = riddle.files()
    riddle.refused(riddle.encrypt("photo.png", "-o", "y.png", "--not-a-face", "2"), "no face 2", before=before)
    riddle.refused(riddle.encrypt("photo.png", "-o", "y.png", "--not-a-face", "0,1"), "no face", before=before)
    result = riddle.encrypt("photo.png", "-o", "y.png", "--not-a-face", "photo.png")
    riddle.refused(result, "--not-a-face photo.png", "indices", before=before)


def test_a_gpu_that_is_not_there(riddle, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    riddle.refused(riddle.encrypt("photo.png", "--device", "cuda"), "cuda", "GPU", before=GIVEN)


@pytest.mark.parametrize("name", ["photo_anonymised.png", "photo_anonymised.riddle"])
def test_existing_files_are_left_alone(riddle, name):
    Path(name).write_text("precious")
    riddle.refused(riddle.encrypt("photo.png"), name, "is left as it is", before=GIVEN | {name})
    assert Path(name).read_text() == "precious"


def test_the_photo_itself_is_never_overwritten(riddle):
    riddle.refused(riddle.encrypt("photo.png", "-o", "photo.png"), "photo.png", "is left as it is", before=GIVEN)


@pytest.mark.parametrize("failing", [".png", ".riddle"])
def test_both_files_or_neither(riddle, monkeypatch, failing):
    @contextmanager
    def refusing(path, overwrite=True, name=None):
        with atomic_write(path, overwrite, name) as temporary:
            yield temporary
            if Path(path).suffix == failing:
                raise OSError(28, "No space left on device")

    monkeypatch.setattr("riddle_pl.photos.jobs.outputs.atomic_write", refusing)
    monkeypatch.setattr("riddle_pl.photos.record.record.atomic_write", refusing)
    riddle.refused(riddle.encrypt("photo.png"), failing, "no space left", before=GIVEN)


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
