"""If this fails, photos in tar archives are lost, encrypted twice, left half done, or not brought back."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.photos.record.record import Record
from tests.bad_input.test_killed import in_a_process
from tests.cli.riddle_command import Riddle, pixels
from tests.photos.fakes import fake_photo

MADE_FROM, LEFT_OUT = "__riddle__/made_from.txt", "__riddle__/left_out.json"


def encoded(seed: int, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(fake_photo(seed)).save(buffer, kind)
    return buffer.getvalue()


def write(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def read(path: Path | str) -> dict[str, bytes]:
    with tarfile.open(path, "r:") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


@pytest.fixture
def shards(riddle: Riddle) -> Riddle:
    """Three archives of two photos, the way WebDataset writes them, with labels."""
    for number in range(3):
        files = {f"./faces/{number}{i}.png": encoded(10 * number + i) for i in range(2)}
        write(Path(f"shards/{number}.tar"), {**files, f"./faces/{number}0.json": b"{}"})
    return riddle


def encrypt(riddle: Riddle, *args: str, password: str = "pw"):
    return riddle.encrypt("shards", "-o", "out", "--batch-size", "2", *args, password=password)


def test_there_and_back(shards):
    before = shards.files()
    result = encrypt(shards, "--mode", "sealed")
    assert (result.status, result.err) == (0, "")
    assert "out/2.tar: 2 encrypted" in result.out
    assert shards.files() - before == {f"out/{number}.tar" for number in range(3)}
    made = read("out/1.tar")
    assert list(made) == [MADE_FROM, *(f"faces/1{i}{end}" for i in range(2) for end in (".png", ".riddle")), LEFT_OUT]
    assert json.loads(made[LEFT_OUT]) == {}
    assert Record.from_bytes(made["faces/10.riddle"], "x").mode == "sealed"
    assert made["faces/10.png"] != read("shards/1.tar")["./faces/10.png"]
    assert shards.decrypt("out", "-o", "back").status == 0
    recovered = read("back/1.tar")
    Path("x.png").write_bytes(recovered["faces/11.png"])
    np.testing.assert_array_equal(pixels("x.png"), fake_photo(11))
    again = shards.decrypt("out", "-o", "back")
    assert (again.status, again.out) == (0, "3 archives of 3 had their result already\n")
    Path("wrong").write_text("no")
    wrong = shards.decrypt("out", "-o", "again", password="wrong")
    assert (wrong.status, wrong.err.count("left out: ")) == (1, 6)
    assert len(json.loads(read("again/1.tar")[LEFT_OUT])) == 2


def test_parts_share_the_work_and_another_run_does_the_rest(shards, monkeypatch):
    assert encrypt(shards, "--part", "1/3").status == 0
    assert [path.name for path in Path("out").iterdir()] == ["1.tar"]
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_NTASKS", "3")
    assert encrypt(shards).status == 0
    monkeypatch.delenv("SLURM_PROCID")
    monkeypatch.delenv("SLURM_NTASKS")
    before = Path("out/1.tar").read_bytes()
    Path("out/.2.0123456789ab.tmp.tar").write_bytes(b"of a killed run")
    rest = encrypt(shards)
    assert rest.status == 0
    assert "2 archives of 3 had their result already" in rest.out
    assert Path("out/1.tar").read_bytes() == before
    assert sorted(path.name for path in Path("out").iterdir()) == ["0.tar", "1.tar", "2.tar"]


def test_earlier_results_of_another_order_archive_or_password_are_no_results(shards):
    assert encrypt(shards, "--part", "0/3").status == 0
    before = shards.files()
    shards.refused(encrypt(shards, "--mode", "sealed"), "0.tar was made from another archive, or", before=before)
    Path("other").write_text("another")
    result = encrypt(shards, password="other")
    assert result.status == 2
    assert "out/0.tar was made with another password" in result.err
    assert shards.files() == before | {"other"}
    whole = Path("out/0.tar").read_bytes()
    Path("out/0.tar").write_bytes(whole[:-11_000])
    shards.refused(encrypt(shards), "is nothing that riddle wrote, or is damaged", before=shards.files())
    assert encrypt(shards, "--force").status == 0
    write(Path("shards/0.tar"), {"a.png": encoded(0), "b.png": encoded(1), "c.png": encoded(2), "d" * 90: b"x" * 9000})
    result = encrypt(shards)
    assert (result.status, "another archive" in result.err) == (2, True)


def test_what_fails_is_listed_and_the_rest_is_done(shards):
    others = {
        "a/x.jpg": encoded(7, "JPEG"),
        "a/x.png": encoded(8),
        "b.bmp": encoded(9, "BMP"),
        "cut.png": b"no picture",
    }
    write(Path("shards/1.tar"), others)
    Path("shards/2.tar").write_bytes(b"no archive" * 100)
    stopped = encrypt(shards, "--part", "1/3")
    assert (stopped.status, stopped.err.count("cut.png")) == (2, 1)
    assert list(Path("out").iterdir()) == []
    result = encrypt(shards, "--on-failure", "skip")
    assert result.status == 2
    assert "left out: photo shards/1.tar/cut.png is not an image" in result.err
    assert "shards/2.tar: FAILED: archive shards/2.tar cannot be read" in result.err
    assert "out/1.tar: 3 encrypted, 1 failed" in result.out
    assert result.err.splitlines()[-1].endswith("(1 archive of 3 failed)")
    made = read("out/1.tar")
    assert {name for name in made if name.endswith((".riddle", ".jpg", ".png"))} == {
        *("a/x_jpg.jpg", "a/x_jpg.riddle", "a/x_png.png", "a/x_png.riddle", "b.png", "b.riddle")
    }
    assert list(json.loads(made[LEFT_OUT])) == ["cut.png"]
    Path("shards/2.tar").unlink()
    assert encrypt(shards, "--on-failure", "skip", "--force").status == 1


def test_names_that_lead_out_of_a_folder_are_refused(shards):
    write(Path("shards/1.tar"), {"../a.png": encoded(1)})
    result = encrypt(shards, "--part", "1/3")
    assert result.status == 2
    assert "has a picture '../a.png', which is no place below a folder" in result.err
    assert list(Path("out").iterdir()) == []


def test_mistakes_are_one_line_and_write_nothing(shards):
    before = shards.files()
    shards.refused(encrypt(shards, "--part", "3/3"), "part is '3/3'; expected I/N", before=before)
    shards.refused(encrypt(shards, "--embed"), "--embed is for photos in files", before=before)
    shards.refused(shards.encrypt("shards"), "-o is missing; give a folder", before=before)
    shards.refused(shards.encrypt("shards", "-o", "shards"), "is the folder of shards/0.tar", before=before)
    shards.refused(shards.encrypt("shards", "photo.png", "-o", "x"), "photo.png is no .tar archive", before=before)
    shards.refused(shards.encrypt("photo.png", "--part", "0/2"), "--part 0/2 is for .tar archives", before=before)
    shards.refused(shards.decrypt("shards", "-o", "x", "--image", "photo.png"), "--image is for photos", before=before)


def test_a_folder_with_photos_is_a_folder_of_photos(shards):
    Path("shards/a.png").write_bytes(encoded(1))
    assert shards.encrypt("shards", "-o", "out").status == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a_anonymised.png", "a_anonymised.riddle"]


@pytest.mark.slow
def test_a_killed_process_leaves_no_half_written_archive(shards):
    """Killed before each change to a file in turn; another run then does the rest."""
    status, moment = -9, 0
    while status != 0:
        status = in_a_process(shards, ("shards", "-o", "out", "--part", "0/3"), moment)
        shown = [path for path in Path("out").glob("*.tar") if path.name[0] != "."]
        assert all(LEFT_OUT in read(path) for path in shown)
        moment += 1
    assert moment > 2
    assert encrypt(shards).status == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["0.tar", "1.tar", "2.tar"]


def test_photos_of_all_kinds_are_taken_and_an_archive_without_any_is_an_error(riddle):
    write(Path("shards/0.tar"), {"a.gif": encoded(0, "GIF"), "b.ppm": encoded(1, "PPM"), "c.txt": b"label"})
    write(Path("shards/1.tar"), {"c.txt": b"label"})
    result = encrypt(riddle)
    assert result.status == 2
    assert "out/0.tar: 2 encrypted" in result.out
    assert "1.tar holds no photo" in result.err


def test_what_an_earlier_run_left_out_still_counts(riddle):
    write(Path("shards/0.tar"), {"a.png": encoded(0), "b.png": b"no picture"})
    assert encrypt(riddle, "--on-failure", "skip").status == 1
    again = encrypt(riddle, "--on-failure", "skip")
    assert again.status == 1
    assert "in these: 1 photo; left_out.json" in again.err


def test_a_record_without_its_picture_is_spoken_of(shards):
    assert encrypt(shards).status == 0
    alone = {name: content for name, content in read("out/0.tar").items() if name.endswith("00.riddle")}
    write(Path("alone/0.tar"), alone)
    result = shards.decrypt("alone", "-o", "back")
    assert result.status == 1
    assert "00.riddle has no picture beside it" in result.err
    assert shards.decrypt("alone", "-o", "faces", "--face-only").status == 0
