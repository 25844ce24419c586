"""If this fails, a photo is encrypted wrongly, or the right password does not bring the face back."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.errors import ConfigError, NoFaceError, PackError, PasswordError, PhotoError, RecordError
from riddle_pl.password import KdfParams
from riddle_pl.photos.align import align_face, ffhq_quad
from riddle_pl.photos.pseudonymise import Pseudonymiser, to_pixels
from riddle_pl.photos.record import Record
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

CHEAP = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))


@pytest.fixture(scope="module")
def pseudonymiser(tiny_pack) -> Pseudonymiser:
    """With the encryptor that is its own inverse, so that the right password brings back the inversion."""
    return Pseudonymiser(tiny_pack, FakeDetector(fake_face()), encryptor="encryptor-df")


def quad_box(quad):
    left, top = np.floor(quad.min(axis=0)).astype(int)
    right, bottom = np.ceil(quad.max(axis=0)).astype(int)
    return slice(top, bottom), slice(left, right)


def test_right_password_recovers_the_inversion_and_a_wrong_one_does_not(pseudonymiser, tiny_pack):
    photo = fake_photo()
    anonymised, record = pseudonymiser.encrypt(photo, "secret", kdf=CHEAP)
    assert record.mode == "deniable"
    assert record.image_size == (96, 80)
    x = align_face(photo, ffhq_quad(fake_face().points), tiny_pack.size)
    inversion = to_pixels(pseudonymiser.coder.synthesise(pseudonymiser.coder.invert(x))[0])
    recovered = pseudonymiser.decrypt(record, "secret")
    assert np.abs(recovered.astype(int) - inversion.astype(int)).max() <= 1
    for wrong in ("Secret", "secret "):
        face = pseudonymiser.decrypt(record, wrong)  # no error: deniable
        assert face.shape == recovered.shape
        assert np.abs(face.astype(int) - inversion.astype(int)).max() > 5
    assert (anonymised != photo).any()


def test_nothing_outside_the_face_changes_and_recovery_lands_in_its_place(pseudonymiser):
    photo = fake_photo()
    anonymised, record = pseudonymiser.encrypt(Image.fromarray(photo), "secret", kdf=CHEAP)
    rows, columns = quad_box(record.faces[0].quad)
    recovered = pseudonymiser.decrypt(record, "secret", anonymised)
    for result in (anonymised, recovered):
        outside = result.copy()
        outside[rows, columns] = photo[rows, columns]
        np.testing.assert_array_equal(outside, photo)
    assert (recovered != anonymised).any()


def test_each_record_has_its_own_salt_and_so_its_own_face(pseudonymiser):
    (first, a), (second, b) = (pseudonymiser.encrypt(fake_photo(), "secret") for _ in range(2))
    assert a.kdf.salt != b.kdf.salt
    assert (a.kdf.memory_kib, a.kdf.time) == (65536, 3)
    assert (first != second).any()


def test_same_salt_gives_the_same_picture(pseudonymiser):
    (first, a), (second, b) = (pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(a.w_enc, b.w_enc)


def test_a_saved_record_recovers_as_well(pseudonymiser, tmp_path):
    anonymised, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    record.save(tmp_path / "a.riddle")
    loaded = Record.load(tmp_path / "a.riddle")
    args = ("secret", anonymised)
    np.testing.assert_array_equal(pseudonymiser.decrypt(loaded, *args), pseudonymiser.decrypt(record, *args))


@pytest.mark.parametrize("centre", [(48.0, 40.0), (3.0, 5.0), (95.0, 79.0)])
def test_sealed_record_returns_the_photo_bit_for_bit_and_refuses_a_wrong_password(tiny_pack, centre):
    photo = fake_photo()
    pseudonymiser = Pseudonymiser(tiny_pack, FakeDetector(fake_face(centre)))
    anonymised, record = pseudonymiser.encrypt(photo, "secret", mode="sealed", kdf=CHEAP)
    assert (anonymised != photo).any()
    np.testing.assert_array_equal(pseudonymiser.decrypt(record, "secret", anonymised), photo)
    rows, columns = quad_box(record.faces[0].quad)
    alone = pseudonymiser.decrypt(record, "secret")
    np.testing.assert_array_equal(alone, photo[max(rows.start, 0) : rows.stop, max(columns.start, 0) : columns.stop])
    with pytest.raises(PasswordError, match="wrong"):
        pseudonymiser.decrypt(record, "Secret", anonymised)


def test_several_faces_in_one_record(tiny_pack):
    faces = [fake_face((25.0, 30.0), 8.0), fake_face((70.0, 45.0), 6.0)]
    pseudonymiser = Pseudonymiser(tiny_pack, FakeDetector(*faces), encryptor="encryptor-df")
    photo = fake_photo()
    assert len(pseudonymiser.encrypt(photo, "secret", kdf=CHEAP)[1].faces) == 1  # the largest
    for mode in ("deniable", "sealed"):
        anonymised, record = pseudonymiser.encrypt(photo, "secret", faces=faces, mode=mode, kdf=CHEAP)
        assert len(record.faces) == 2
        recovered = pseudonymiser.decrypt(record, "secret", anonymised)
        alone = pseudonymiser.decrypt(record, "secret")
        assert alone.shape[1] > alone.shape[0]
        if mode == "sealed":
            np.testing.assert_array_equal(recovered, photo)


def test_decrypting_uses_the_encryptor_of_the_record(tiny_pack, pseudonymiser):
    _, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    other = Pseudonymiser(tiny_pack)
    np.testing.assert_array_equal(other.decrypt(record, "secret"), pseudonymiser.decrypt(record, "secret"))


def test_a_pack_that_gained_a_network_still_opens_its_records(tiny_pack_folder, pseudonymiser, tmp_path):
    import json
    import shutil

    from riddle_pl.packs import load_pack

    folder = tmp_path / "grown"
    shutil.copytree(tiny_pack_folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["networks"]["parser2"] = manifest["networks"]["parser"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    _, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    Pseudonymiser(load_pack(folder)).decrypt(record, "secret")


def test_errors(tiny_pack, pseudonymiser):
    photo = fake_photo()
    with pytest.raises(NoFaceError, match=r"holiday\.jpg"):
        Pseudonymiser(tiny_pack, FakeDetector()).encrypt(photo, "secret", kdf=CHEAP, name="holiday.jpg")
    with pytest.raises(PasswordError, match="empty"):
        pseudonymiser.encrypt(photo, "")
    with pytest.raises(ConfigError, match=r"'seald'.*deniable, sealed"):
        pseudonymiser.encrypt(photo, "secret", mode="seald", kdf=CHEAP)
    with pytest.raises(PackError, match="encryptor-fd"):
        Pseudonymiser(tiny_pack, FakeDetector(fake_face()), encryptor="encryptor-fd").encrypt(photo, "a", kdf=CHEAP)


def test_records_that_do_not_belong(pseudonymiser):
    anonymised, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    with pytest.raises(PhotoError, match=r"50 x 40.*96 x 80"):
        pseudonymiser.decrypt(record, "secret", anonymised[:40, :50])
    with pytest.raises(RecordError, match=r"other.*tiny"):
        pseudonymiser.decrypt(dataclasses.replace(record, pack_name="other", pack_hash="0" * 64), "secret")
    with pytest.raises(RecordError, match="encryptor"):
        pseudonymiser.decrypt(dataclasses.replace(record, encryptor_sha256="0" * 64), "secret")
    with pytest.raises(RecordError, match="encryptor-x"):
        pseudonymiser.decrypt(dataclasses.replace(record, encryptor_name="encryptor-x"), "secret")
