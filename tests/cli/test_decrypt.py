"""If this fails, a user cannot get a face back, or `riddle decrypt` says whether a deniable password was right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.photos.record.record import Record
from tests.cli.riddle_command import pixels


@pytest.fixture
def record(riddle) -> str:
    """A deniable record beside its picture, made with the encryptor that is its own inverse."""
    assert riddle.encrypt("photo.png", "--encryptor", "encryptor-df").status == 0
    return "photo_anonymised.riddle"


def test_recovers_into_the_picture_beside_the_record(riddle, record):
    result = riddle.decrypt(record)
    assert (result.status, result.err) == (0, "")
    assert "photo_recovered.png" in result.out
    assert "photo_anonymised.png" in result.out
    recovered = pixels("photo_recovered.png")
    assert recovered.shape == pixels("photo.png").shape
    assert (recovered != pixels("photo_anonymised.png")).any()


def test_image_can_be_named_or_left_out(riddle, record):
    Path("photo_anonymised.png").rename("elsewhere.png")
    assert riddle.decrypt(record, "-o", "face.png").status == 0
    assert pixels("face.png").shape == (32, 32, 3)
    assert riddle.decrypt(record, "-o", "in_place.png", "--image", "elsewhere.png").status == 0
    assert pixels("in_place.png").shape == (80, 96, 3)
    Path("elsewhere.png").rename("photo_anonymised.png")
    assert riddle.decrypt(record, "-o", "alone.png", "--face-only").status == 0
    np.testing.assert_array_equal(pixels("alone.png"), pixels("face.png"))


def test_deniable_says_the_same_whatever_the_password(riddle, record):
    Path("wrong").write_text("correct horsf")
    right, wrong = riddle.decrypt(record, "-o", "a.png"), riddle.decrypt(record, "-o", "b.png", password="wrong")
    assert right.status == wrong.status == 0
    assert right.out.replace("a.png", "b.png") == wrong.out
    assert right.err == wrong.err == ""
    assert (pixels("a.png") != pixels("b.png")).any()


def test_sealed_returns_the_photo_and_refuses_a_wrong_password(riddle):
    assert riddle.encrypt("photo.png", "--mode", "sealed").status == 0
    assert riddle.decrypt("photo_anonymised.riddle").status == 0
    np.testing.assert_array_equal(pixels("photo_recovered.png"), pixels("photo.png"))
    Path("wrong").write_text("correct horsf")
    before = riddle.files()
    result = riddle.decrypt("photo_anonymised.riddle", "-o", "x.png", password="wrong")
    riddle.refused(result, "password is wrong", before=before)


def test_a_sealed_record_of_another_version_and_pack(riddle):
    golden = Path(__file__).parents[1] / "golden" / "records" / "v1"
    Path("golden_pw").write_text("a golden password\n")
    record, picture = golden / "lite" / "one_sealed.riddle", golden / "lite" / "one_sealed.png"
    result = riddle.decrypt(str(record), "--image", str(picture), "-o", "back.png", password="golden_pw")
    assert result.status == 0, result.err
    np.testing.assert_array_equal(pixels("back.png"), pixels(golden / "one.png"))


def test_bad_records(riddle, record):
    content = Path(record).read_bytes()
    Path("cut.riddle").write_bytes(content[:-100])
    Path("short.riddle").write_bytes(content[:5])
    Path("text.riddle").write_text("not a record at all, but long enough to look like one")
    Path("folder.riddle").mkdir()
    known = Record.load(record)
    faces = tuple(replace(face, context=torch.zeros(1, dtype=torch.float64)) for face in known.faces)
    replace(known, faces=faces, version=99).save("newer.riddle")
    before = riddle.files()
    for name in ("missing.riddle", "cut.riddle", "short.riddle", "text.riddle", "folder.riddle", "photo.png"):
        riddle.refused(riddle.decrypt(name), name, before=before)
    riddle.refused(riddle.decrypt("newer.riddle"), "newer.riddle", "99", "upgrade", before=before)


def test_another_pack(riddle, record, tmp_path, monkeypatch):
    from tests import tiny_pack

    other = {**tiny_pack.NETWORKS, "extra": tiny_pack.NETWORKS["generator"]}
    networks = {"extra": other.pop("extra"), **other}  # every network gets another seed
    monkeypatch.setattr(tiny_pack, "NETWORKS", networks)
    assert riddle.encrypt("photo.png", "-o", "sealed.png", "--mode", "sealed").status == 0
    riddle.pack = str(tiny_pack.write_tiny_pack(tmp_path / "other"))
    expected = (record, "pack tiny", "pack in use is other", "use the pack that made it (--pack")
    riddle.refused(riddle.decrypt(record), *expected, before=riddle.files())
    assert riddle.decrypt("sealed.riddle").status == 0  # its pixels take no network
    np.testing.assert_array_equal(pixels("sealed_recovered.png"), pixels("photo.png"))


def test_other_bad_input(riddle, record, monkeypatch):
    Image.new("RGB", (50, 40)).save("small.png")
    Path("text.png").write_text("no image")
    Path("none").touch()
    before = riddle.files()
    riddle.refused(riddle.decrypt(record, "--image", "small.png"), "50 x 40", "96 x 80", before=before)
    riddle.refused(riddle.decrypt(record, "--image", "text.png"), "text.png", before=before)
    riddle.refused(riddle.decrypt(record, "--image", "absent.png"), "absent.png", before=before)
    riddle.refused(riddle.decrypt(record, "--image", "photo.png", "--face-only"), "choose one", before=before)
    riddle.refused(riddle.decrypt(record, "-o", "no/such/x.png"), "no/such", before=before)
    riddle.refused(riddle.decrypt(record, "-o", "photo.png"), "photo.png", "exists", before=before)
    riddle.refused(riddle.decrypt(record, password="none"), "empty", before=before)
    riddle.refused(riddle("decrypt", record, "--pack", "absent"), "absent", before=before)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    riddle.refused(riddle.decrypt(record, "--device", "cuda"), "GPU", before=before)
