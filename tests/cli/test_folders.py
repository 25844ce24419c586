"""If this fails, a folder of photos loses a file, mixes two up, or does not continue after it was interrupted."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.photos.gate import OpenGate, Verdict
from riddle_pl.photos.refusal import Reason
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
    assert result.out.startswith("3 encrypted\n")
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

    from riddle_pl.photos import jobs

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
    assert (again.status, again.out) == (0, "3 finished before\n")
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
    assert "3 finished before" in result.out
    assert "left out: 3" in result.out
    assert album.files() == before


def test_clashes_are_found_before_anything_is_written(album):
    Image.fromarray(fake_photo()).save("album/a.bmp")
    album.refused(album.encrypt("album", "-o", "out"), "a.bmp", "a.png", "a_anonymised", before=album.files())
    Path("album/a.bmp").unlink()
    Image.fromarray(fake_photo()).save("album/a.jpg")
    album.refused(album.encrypt("album", "-o", "out"), "a.jpg", "a.png", ".riddle", before=album.files())
    Path("album/a.jpg").unlink()
    Path("out/with space").mkdir(parents=True)
    Path("out/with space/b_anonymised.jpg").write_text("precious")
    album.refused(album.encrypt("album", "-o", "out"), "b_anonymised.jpg", "exists", before=album.files())
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
    from riddle_pl.photos.find import PhotoFaceDetector
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
    monkeypatch.setattr("riddle_pl.photos.gate.OpenGate", RefusesFace)
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
    assert [photo["status"] for photo in report["photos"]] == ["encrypted", "skipped", "skipped"]
    assert report["photos"][2]["faces"][0]["refused"] == "too_small"
    result = mixed.encrypt("album", "-o", "solid", "--on-failure", "solid")
    assert result.status == 1
    covered = "solid/with space/größe_anonymised.png"
    assert covered in mixed.files()
    assert not Path(covered).with_suffix(".riddle").exists()
    assert (pixels(covered)[15:25, 15:25] == 128).all()
    again = mixed.encrypt("album", "-o", "solid", "--on-failure", "solid")
    assert again.status == 1  # the unreadable photo
    assert "2 finished before" in again.out


def test_one_person_per_password(riddle):
    from riddle_pl.photos.record import Record

    for name, args in (("a", ()), ("b", ()), ("c", ("--linkable",)), ("d", ("--linkable",))):
        assert riddle.encrypt("photo.png", "-o", f"{name}.png", *args).status == 0
    a, b, c, d = (Record.load(f"{name}.riddle") for name in "abcd")
    assert len({a.kdf.salt, b.kdf.salt, c.kdf.salt}) == 3
    assert c.kdf.salt == d.kdf.salt
    assert (pixels("a.png") != pixels("b.png")).any()
    np.testing.assert_array_equal(pixels("c.png"), pixels("d.png"))
    assert "--linkable" in riddle("inspect", "c.riddle").out
    assert "--linkable" not in riddle("inspect", "a.riddle").out
