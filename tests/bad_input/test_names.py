"""If this fails, a photo with an unusual name is lost, overwritten, or crashes the program."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.riddle_command import Riddle, pixels

NAMES = (
    "two words.png",
    "größe.png",
    "gro\u0308ße.png",  # the same to the eye
    "写真 🙂.png",
    "-o.png",
    "--help",
    'it\'s "quoted" $HOME `x` ;&|.png',
    "a\nb\tc.png",
    "[bold]markup.png",
    "%s %d {name}.png",
    "dots...in..name.png",
    "UPPER.PNG",
    "\u202egnp.right to left.png",
    os.fsdecode(b"not utf-8 \xff\xfe.png"),
    "n" * 180 + ".png",
)


def test_every_name_there_and_back(riddle: Riddle) -> None:
    for name in NAMES:
        shutil.copy("photo.png", f"./{name}")
    before = riddle.files()
    result = riddle.encrypt("--mode", "sealed", "-o", "out", *(f"./{name}" for name in NAMES))
    assert (result.status, result.err) == (0, ""), result
    assert len(riddle.files() - before) == 2 * len(NAMES)
    assert riddle.decrypt("out", "-o", "back").status == 0
    recovered = [name for name in riddle.files() if name.startswith("back/")]
    assert len(recovered) == len(NAMES)
    assert all((pixels(name) == pixels("photo.png")).all() for name in recovered)
    assert riddle("inspect", "out").status == 0


@pytest.mark.parametrize("name", [NAMES[4], NAMES[7], NAMES[8], NAMES[13]])
def test_one_photo_of_such_a_name(riddle: Riddle, name: str) -> None:
    """Alone, the lines that name its files are printed."""
    shutil.copy("photo.png", f"./{name}")
    result = riddle.encrypt(f"./{name}", "-o", f"./out_{name}")
    assert (result.status, result.err) == (0, "")
    record = f"./out_{name}".replace(".png", ".riddle")
    assert riddle("inspect", record).status == 0
    assert riddle.decrypt(record).status == 0
    again = riddle.encrypt(f"./{name}", "-o", f"./out_{name}")
    assert (again.status, again.out) == (0, "1 photo finished before\n")
    assert riddle.encrypt("--", name, "-o").status == 2


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "n" * 5000 + ".png", "nul\0.png"])
def test_names_that_cannot_be(riddle: Riddle, name: str) -> None:
    if len(name) == 255:
        shutil.copy("photo.png", name)
    before = riddle.files()
    commands = [
        *([riddle.encrypt(name)] if len(name) != 255 else []),
        riddle.encrypt("photo.png", "-o", f"{name}.png"),
        riddle.encrypt("photo.png", "--record", name),
        *([riddle.encrypt("photo.png", "--only", name)] if len(name) != 255 else []),
        riddle.decrypt(name),
        riddle("inspect", name),
        riddle.encrypt("photo.png", password=name),
    ]
    for result in commands:
        riddle.refused(result, before=before)


def test_a_name_that_leaves_no_room_for_a_suffix(riddle: Riddle) -> None:
    name = "n" * 251 + ".png"
    shutil.copy("photo.png", name)
    before = riddle.files()
    result = riddle.encrypt(name)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("named: nnn")
    made = riddle.files() - before
    assert sorted(Path(one).suffix for one in made) == [".png", ".riddle"]
    assert riddle.decrypt(next(one for one in made if one.endswith(".riddle"))).status == 0


def test_two_photos_with_one_output(riddle: Riddle) -> None:
    for name in ("a/x.png", "b/x.png", "c/x.jpg", "c/x.png"):
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copy("photo.png", name)
    before = riddle.files()
    riddle.refused(riddle.encrypt("a/x.png", "--record", "a/x.png"), "a/x.png", before=before)
    riddle.refused(riddle.encrypt("a/x.png", "-o", "a/../a/x.png"), "x.png", before=before)
    for given in (("a/x.png", "b/x.png", "-o", "out"), ("c",)):
        result = riddle.encrypt(*given)
        assert (result.status, result.out.count("named: ")) == (0, 2), result
    assert len(riddle.files() - before) == 8


def test_an_output_is_never_its_input_under_another_name(riddle: Riddle) -> None:
    photo = Path("photo.png").read_bytes()
    Path("soft.png").symlink_to("photo.png")
    Path("hard.png").hardlink_to("photo.png")
    Path("dangling.png").symlink_to("absent.png")
    before = riddle.files()
    for out in ("soft.png", "hard.png", "../here/photo.png"):
        riddle.refused(riddle.encrypt("photo.png", "-o", out), "is left as it is", before=before)
        riddle.refused(riddle.encrypt("photo.png", "-o", "new.png", "--record", out), before=before)
    riddle.refused(riddle.encrypt("dangling.png"), "dangling.png", before=before)
    assert Path("photo.png").read_bytes() == photo
    assert riddle.encrypt("soft.png", "photo.png", "-o", "out").status == 0  # one photo, given twice
    assert len(riddle.files() - before) == 2


def test_a_folder_of_links_that_go_round(riddle: Riddle) -> None:
    Path("album").mkdir()
    shutil.copy("photo.png", "album")
    Path("album/again").symlink_to("../album")
    Path("album/lost.png").symlink_to("lost.png")
    before = riddle.files()
    result = riddle.encrypt("album", "-o", "out", "--on-failure", "skip")
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert "lost.png" in result.err
    assert riddle.files() - before == {"out/photo_anonymised.png", "out/photo_anonymised.riddle"}
