"""If this fails, a command writes over a photo, a record or a picture that the user gave or needs."""

import shutil
from pathlib import Path

import pytest

RECORD, PICTURE = "photo_anonymised.riddle", "photo_anonymised.png"


@pytest.fixture
def encrypted(riddle):
    assert riddle.encrypt("photo.png").status == 0
    Path("new").write_text("battery staple")
    return riddle


def refused(riddle, result, *expected: str, before: dict[str, bytes]) -> None:
    riddle.refused(result, *expected, before=set(before))
    assert contents(riddle) == before


def contents(riddle) -> dict[str, bytes]:
    return {name: Path(name).read_bytes() for name in riddle.files()}


def test_rekey_replaces_no_original_photo(encrypted):
    before = contents(encrypted)
    result = encrypted.rekey(RECORD, "--replace", "--image", "photo.png")
    refused(encrypted, result, "--image photo.png", "nothing that riddle wrote", before=before)
    result = encrypted.rekey(RECORD, "--force", "-o", RECORD)
    refused(encrypted, result, RECORD, "is read", before=before)
    assert encrypted.rekey(RECORD, "--replace").status == 0


@pytest.mark.parametrize("name", [RECORD, PICTURE, "records.zip"])
def test_a_report_takes_no_result_s_place(riddle, name):
    archive = ("--archive", "records.zip") if name == "records.zip" else ()
    result = riddle.encrypt("photo.png", "--json", f"../here/{name}", *archive)
    riddle.refused(result, "--json", name, before={"photo.png", "pw"})


def test_no_output_is_an_input(encrypted):
    assert encrypted.encrypt("photo.png", "-o", "embedded.png", "--embed").status == 0
    before = contents(encrypted)
    for result in (
        encrypted.decrypt("embedded.png", "-o", "embedded.png", "--force"),
        encrypted.decrypt(RECORD, "-o", PICTURE, "--force"),
        encrypted("preview", "embedded.png", "-o", "embedded.png", "--force", "--pack", encrypted.pack),
        encrypted.encrypt("embedded.png", "-o", "embedded.png", "--force"),
    ):
        refused(encrypted, result, "is read", "left as it is", before=before)


def test_a_record_of_another_picture_is_not_replaced(encrypted):
    assert encrypted.encrypt("photo.png", "-o", "one.jpg").status == 0
    shutil.copy("photo.png", "other.png")
    before = contents(encrypted)
    result = encrypted.encrypt("other.png", "-o", "one.png", "--force")
    refused(encrypted, result, "one.riddle is the record of one.jpg", before=before)
    assert encrypted.encrypt("other.png", "-o", "one.jpg", "--force").status == 0  # both are replaced


def test_an_empty_argument_is_no_folder(riddle):
    riddle.refused(riddle.encrypt(""), "an argument is empty", before={"photo.png", "pw"})
    assert riddle.encrypt("photo.png", "--suffix", "", "-o", "out").status == 0
