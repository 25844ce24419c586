"""If this fails, a folder of photos loses a file, mixes two up, or does not continue after it was interrupted."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.photos.gate.gate import OpenGate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from tests.cli.riddle_command import pixels
from tests.photos.fakes import fake_photo

NAMES = ("a.png", "with space/b.jpg", "with space/größe.png")


@pytest.fixture
def album(riddle):
    """Three photos in a folder with a folder."""
    for seed, name in enumerate(NAMES):
        path = Path("album", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(fake_photo(seed)).save(path)
    Path("album/notes.txt").write_text("no photo")
    Path("album/.hidden.png").write_text("not looked at")
    return riddle


def outputs(folder: str, suffix: str = ".riddle") -> set[str]:
    stems = ("a", "with space/b", "with space/größe")
    pictures = {f"{folder}/{stem}_anonymised{Path(name).suffix}" for stem, name in zip(stems, NAMES, strict=True)}
    return pictures | {f"{folder}/{stem}_anonymised{suffix}" for stem in stems}


def test_a_folder_there_and_back(album):
    before = album.files()
    result = album.encrypt("album", "-o", "out", "--mode", "sealed", "--json", "report.json")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("3 photos encrypted\n")
    assert "records of one person under one password" in result.out
    assert album.files() - before == outputs("out") | {"report.json"}
    assert len(json.loads(Path("report.json").read_text())["photos"]) == 3
    assert album("inspect", "out").out.count("sealed (") == 3
    assert album.decrypt("out", "-o", "back").status == 0
    for name in ("a.png", "with space/größe.png"):
        recovered = Path("back", name).with_name(f"{Path(name).stem}_recovered.png")
        np.testing.assert_array_equal(pixels(recovered), pixels(Path("album", name)))
    Path("wrong").write_text("no")
    result = album.decrypt("out", "-o", "again", password="wrong")
    assert (result.status, result.err.count("skipped: ")) == (1, 3)
    assert not any(name.startswith("again") for name in album.files())


def test_several_inputs_and_photos_given_twice(album):
    assert album.encrypt("photo.png", "album", "album/a.png", "-o", "out").status == 0
    made = {name for name in album.files() if name.startswith("out/") and not name.endswith(".riddle")}
    assert made == {
        "out/photo_anonymised.png",
        "out/album/a_anonymised.png",
        "out/album/with space/b_anonymised.jpg",
        "out/album/with space/größe_anonymised.png",
    }


@pytest.mark.parametrize("kind", ["beside", "archive", "embed"])
def test_an_interrupted_job_continues(album, monkeypatch, kind):
    """Ctrl-C at the second picture; then everything is there, and what was finished is as it was."""
    extra = {"beside": (), "archive": ("--archive", "out/records.zip"), "embed": ("--embed",)}[kind]
    function = "save_picture" if kind == "embed" else "save_pair"
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return save(*args, **kwargs)

    from riddle_pl.photos.jobs import encrypt as jobs

    save = getattr(jobs, function)
    with monkeypatch.context() as broken:
        broken.setattr(jobs, function, interrupted)
        assert album.encrypt("album", "-o", "out", "--jobs", "1", *extra).status == 130
    first = {name: Path(name).read_bytes() for name in album.files() if name.startswith("out/")}
    assert first
    assert not any(Path(name).name.startswith(".") for name in first)
    result = album.encrypt("album", "-o", "out", *extra)
    assert result.status == 0, result.err
    assert "finished before" in result.out
    made = {name for name in album.files() if name.startswith("out/")}
    assert (
        made
        == {
            "beside": outputs("out"),
            "archive": {name for name in outputs("out") if not name.endswith(".riddle")} | {"out/records.zip"},
            "embed": {name.replace(".jpg", ".png") for name in outputs("out") if not name.endswith(".riddle")},
        }[kind]
    )
    for name in made & set(first):
        assert Path(name).read_bytes() == first[name]
    again = album.encrypt("album", "-o", "out", *extra)
    assert (again.status, again.out) == (0, "3 photos finished before\n")
    source = "out/records.zip" if kind == "archive" else "out"
    assert album.decrypt(source, "-o", "back").status == 0
    assert sum(name.startswith("back/") for name in album.files()) == 3
    if kind == "archive":
        with zipfile.ZipFile("out/records.zip") as archive:
            assert sorted(archive.namelist()) == sorted(
                name.removeprefix("out/") for name in outputs("out") if name.endswith(".riddle")
            )
        assert "names of the pictures" in album("inspect", "out/records.zip").out


def test_results_are_no_photos(album):
    assert album.encrypt("album").status == 0
    before = album.files()
    result = album.encrypt("album")
    assert result.status == 0
    assert "3 photos finished before" in result.out
    assert "left out: 3 pictures" in result.out
    assert album.files() == before


def test_clashes_are_found_before_anything_is_written(album):
    Path("out/with space").mkdir(parents=True)
    Path("out/with space/b_anonymised.jpg").write_text("precious")
    album.refused(album.encrypt("album", "-o", "out"), "b_anonymised.jpg", "is left as it is", before=album.files())
    album.refused(album.encrypt("album", "-o", "photo.png"), "photo.png", "folder", before=album.files())
    album.refused(album.encrypt("album", "--record", "x.riddle"), "--record", before=album.files())
    album.refused(album.encrypt("album", "absent"), "absent", before=album.files())


class RefusesFace(OpenGate):
    """Refuses the small faces of a photo."""

    def detected(self, face):
        small = face.box[2] - face.box[0] < 20
        return Verdict(None, Reason.TOO_SMALL, "it is too small") if small else Verdict()


@pytest.fixture
def mixed(album, monkeypatch):
    """The second photo cannot be read, the third has a face that is refused."""
    from riddle_pl.faces.find import PhotoFaceDetector
    from tests.photos.fakes import fake_face

    Path("album/with space/b.jpg").write_text("no picture")
    marked = fake_photo(2)
    marked[0, 0] = (1, 2, 3)
    Image.fromarray(marked).save("album/with space/größe.png")
    small = fake_face((20.0, 20.0), 4.0)
    monkeypatch.setattr(
        PhotoFaceDetector,
        "detect",
        lambda _self, image: [small] if tuple(image[0, 0]) == (1, 2, 3) else [fake_face()],
    )
    monkeypatch.setattr("riddle_pl.photos.gate.gate.OpenGate", RefusesFace)
    return album


def test_photos_that_cannot_be_protected(mixed):
    result = mixed.encrypt("album", "-o", "error")
    assert result.status == 2
    assert result.err.startswith("error: ")
    assert "b.jpg" in result.err
    result = mixed.encrypt("album", "-o", "skip", "--on-failure", "skip", "--json", "report.json")
    assert (result.status, result.err.count("warning: skipped: ")) == (1, 2)
    assert {name for name in mixed.files() if name.startswith("skip/")} == {
        "skip/a_anonymised.png",
        "skip/a_anonymised.riddle",
    }
    report = json.loads(Path("report.json").read_text())
    assert [photo["state"] for photo in report["photos"]] == ["done", "failed", "refused"]
    assert report["photos"][2]["faces"][0]["refused"] == "too_small"
    result = mixed.encrypt("album", "-o", "solid", "--on-failure", "solid")
    assert result.status == 1
    covered = "solid/with space/größe_anonymised.png"
    assert covered in mixed.files()
    assert not Path(covered).with_suffix(".riddle").exists()
    assert (pixels(covered)[15:25, 15:25] == 128).all()
    again = mixed.encrypt("album", "-o", "solid", "--on-failure", "solid")
    assert again.status == 1  # the unreadable photo
    assert "1 photo covered, 1 failed, 1 finished before" in again.out


def test_one_person_per_password(riddle):
    from riddle_pl.photos.record.record import Record

    for name, args in (("a", ()), ("b", ()), ("c", ("--linkable",)), ("d", ("--linkable",))):
        assert riddle.encrypt("photo.png", "-o", f"{name}.png", *args).status == 0
    a, b, c, d = (Record.load(f"{name}.riddle") for name in "abcd")
    assert len({a.kdf.salt, b.kdf.salt, c.kdf.salt}) == 3
    assert c.kdf.salt == d.kdf.salt
    assert (pixels("a.png") != pixels("b.png")).any()
    np.testing.assert_array_equal(pixels("c.png"), pixels("d.png"))
    assert "--linkable" in riddle("inspect", "c.riddle").out
    assert "--linkable" not in riddle("inspect", "a.riddle").out


def outcomes(report: str = "report.json") -> dict[str, str]:
    return {photo["photo"]: photo["state"] for photo in json.loads(Path(report).read_text())["photos"]}


def test_the_report_lists_every_photo_when_the_job_stops(mixed):
    assert mixed.encrypt("album", "-o", "out", "--json", "report.json", "--batch-size", "1").status == 2
    assert outcomes() == {
        "album/a.png": "done",
        "album/with space/b.jpg": "failed",
        "album/with space/größe.png": "not tried",
    }
    (photo, *_) = json.loads(Path("report.json").read_text())["photos"]
    (face,) = photo["faces"]
    assert all(isinstance(value, int) for value in face["box"])
    assert {"similarity_threshold", "similarity_judge", "inversion_threshold", "inversion_judge"} <= set(face)


def test_one_bad_output_stops_nothing_else(album):
    Path("out/with space").mkdir(parents=True)
    Path("out/with space/b_anonymised.jpg").write_text("precious")
    Path("out/a_anonymised.riddle").write_text("of some other picture")
    result = album.encrypt("album", "-o", "out", "--on-failure", "skip", "--json", "report.json")
    assert result.status == 1
    assert result.err.count("skipped: ") == 2
    assert list(outcomes().values()) == ["failed", "failed", "done"]
    assert Path("out/with space/b_anonymised.jpg").read_text() == "precious"
    assert Path("out/a_anonymised.riddle").read_text() == "of some other picture"


def test_twins_and_long_names(album):
    Image.fromarray(fake_photo(5)).save("album/a.jpg")
    Image.fromarray(fake_photo(6)).save(f"album/{'n' * 245}.jpg")
    result = album.encrypt("album", "-o", "out", "--mode", "sealed")
    assert result.status == 0, result.err
    made = {Path(name).name for name in album.files() if name.startswith("out/")}
    assert {"a_jpg_anonymised.jpg", "a_png_anonymised.png", "a_jpg_anonymised.riddle"} <= made
    (long,) = (name for name in made if name.startswith("nnn") and name.endswith(".jpg"))
    assert len(long) <= 255
    assert result.out.count("named: ") == 3
    assert album.decrypt("out", "-o", "back").status == 0
    np.testing.assert_array_equal(pixels("back/a_png_recovered.png"), pixels("album/a.png"))
    again = album.encrypt("album", "-o", "out", "--mode", "sealed")
    assert (again.status, "5 photos finished before" in again.out) == (0, True)


@pytest.mark.parametrize("change", ["photo", "password", "mode", "setting", "choice"])
@pytest.mark.parametrize("mode", ["deniable", "sealed"])
def test_a_result_of_another_order_is_never_taken_for_this_one(riddle, change, mode):
    Path("album").mkdir()
    Image.fromarray(fake_photo()).save("album/a.png")
    given = ("album", "-o", "out", "--mode", mode, "--encryptor", "encryptor-df")
    assert riddle.encrypt(*given).status == 0
    before = {name: Path(name).read_bytes() for name in riddle.files()}
    Path("new").write_text("battery staple")
    if change == "photo":
        Image.fromarray(fake_photo(1)).save("album/a.png")
    other = {"mode": ("--mode", "deniable" if mode == "sealed" else "sealed"), "choice": ("--only", "0")}
    if change == "setting":
        riddle.settings = [*riddle.settings, "face_detector.min_face=30"]
    args, password = (*given, *other.get(change, ())), "new" if change == "password" else "pw"
    result = riddle.encrypt(*args, password=password)
    assert result.status == 2
    assert "out/a_anonymised.png was made" in result.err
    assert "--force" in result.err
    assert all(Path(name).read_bytes() == content for name, content in before.items() if name.startswith("out/"))
    result = riddle.encrypt(*args, "--force", password=password)
    assert (result.status, "replacing 1 picture of earlier runs" in result.out) == (0, True), result.err
    assert Path("out/a_anonymised.png").read_bytes() != before["out/a_anonymised.png"]
    assert riddle.encrypt(*args, password=password).status == 0


def test_force_writes_over_results_only(riddle):
    Path("photo_anonymised.png").write_text("precious")
    riddle.refused(riddle.encrypt("photo.png", "--force"), "nothing that riddle wrote", before=riddle.files())
    Path("photo_anonymised.png").unlink()
    Path("photo_anonymised.riddle").write_text("precious")
    riddle.refused(riddle.encrypt("photo.png", "--force"), "is no record", before=riddle.files())


def test_results_are_known_by_what_they_carry(riddle):
    """Not by their names: a user's own picture may have any."""
    Path("album").mkdir()
    for seed, name in enumerate(("a.jpg", "b.png", "stroke_recovered.jpg")):
        Image.fromarray(fake_photo(seed)).save(f"album/{name}")
    given = sorted(str(path) for path in Path("album").iterdir())
    for note in ((), ("--no-synthetic-note",)):
        assert riddle.encrypt(*given, *note, "--force").status == 0
        files = riddle.files()
        assert "album/stroke_recovered_anonymised.jpg" in files
        everything = sorted(str(path) for path in Path("album").iterdir() if path.suffix != ".riddle")
        result = riddle.encrypt(*everything, *note)
        assert (result.status, riddle.files()) == (0, files)
        assert "3 photos finished before" in result.out
        assert "left out: 3 pictures" in result.out


def test_the_time_of_the_file_can_be_kept(riddle):
    import os

    os.utime("photo.png", (1_000_000_000, 1_000_000_000))
    assert riddle.encrypt("photo.png", "--keep-time").status == 0
    assert Path("photo_anonymised.png").stat().st_mtime == 1_000_000_000
    assert riddle.encrypt("photo.png", "-o", "x.png").status == 0
    assert Path("x.png").stat().st_mtime > 1_000_000_000


def test_a_decrypted_picture_is_replaced_only_when_asked(riddle):
    assert riddle.encrypt("photo.png", "-o", "out/").status == 0
    Path("wrong").write_text("battery staple")
    assert riddle.decrypt("out", "-o", "back", password="wrong").status == 0
    first = Path("back/photo_recovered.png").read_bytes()
    result = riddle.decrypt("out", "-o", "back")
    assert (result.status, "--force" in result.err) == (1, True)
    assert Path("back/photo_recovered.png").read_bytes() == first
    result = riddle.decrypt("out", "-o", "back", "--force")
    assert (result.status, "replacing 1 picture" in result.out) == (0, True)
    assert Path("back/photo_recovered.png").read_bytes() != first
    Path("back/photo_recovered.png").write_text("precious")
    result = riddle.decrypt("out", "-o", "back", "--force")
    assert (result.status, "nothing that riddle wrote" in result.err) == (1, True)
    assert Path("back/photo_recovered.png").read_text() == "precious"
    one = riddle.decrypt("out/photo_anonymised.riddle", "-o", "one.png", password="wrong")
    assert one.status == 0
    assert "--force" in riddle.decrypt("out/photo_anonymised.riddle", "-o", "one.png").err
    assert riddle.decrypt("out/photo_anonymised.riddle", "-o", "one.png", "--force").status == 0


def test_a_record_whose_picture_is_gone(album):
    """Its face is recovered alone, and a line says so. Encrypted again, it stops no others; --force does it."""
    assert album.encrypt("album", "-o", "out").status == 0
    Path("out/a_anonymised.png").unlink()
    result = album.decrypt("out", "-o", "back")
    assert result.status == 0
    assert result.err == (
        "warning: 1 record without a picture at hand (a_anonymised.riddle): recovering the faces alone\n"
    )
    assert pixels("back/a_recovered.png").shape[0] == pixels("back/a_recovered.png").shape[1]
    assert album.decrypt("out", "-o", "faces", "--face-only").err == ""
    Path("out/with space/b_anonymised.jpg").unlink()
    Path("out/with space/b_anonymised.riddle").unlink()
    result = album.encrypt("album", "-o", "out", "--on-failure", "skip")
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert "its picture out/a_anonymised.png does not; --force does it anew" in result.err
    assert Path("out/with space/b_anonymised.jpg").is_file()
    assert album.encrypt("album", "-o", "out", "--force").status == 0
    assert Path("out/a_anonymised.png").is_file()
