"""If this fails, a photo is encrypted wrongly, or the right password does not bring the face back."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from riddle_pl.errors import ConfigError, NoFaceError, PackError, PasswordError, PhotoError, RecordError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.key import KdfParams
from riddle_pl.photos.gate.gate import OpenGate, Verdict
from riddle_pl.photos.gate.refusal import FaceRefusedError, Reason
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.reports import Encrypted, EncryptRequest
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

CHEAP = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))


OPEN = {"gate": OpenGate(), "face_map": OvalMap()}
"""Random networks give no faces: no gate lets them pass, and no parser finds them."""


@pytest.fixture(scope="module")
def pseudonymiser(tiny_pack) -> Pseudonymiser:
    """With the encryptor that is its own inverse, so that the right password brings back the inversion."""
    return Pseudonymiser(tiny_pack, FakeDetector(fake_face()), encryptor="encryptor-df", **OPEN)


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


def test_same_salt_and_nonces_give_the_same_picture_and_a_nonce_is_drawn_once(pseudonymiser, monkeypatch):
    _, one = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    _, other = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    assert not torch.isclose(one.w_enc, other.w_enc).all()
    assert len({face.nonce for face in (*one.faces, *other.faces)}) == len(one.faces) + len(other.faces)
    monkeypatch.setattr("riddle_pl.photos.face_coder.fresh_nonce", lambda: bytes(16))
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
    pseudonymiser = Pseudonymiser(tiny_pack, FakeDetector(fake_face(centre)), **OPEN)
    anonymised, record = pseudonymiser.encrypt(photo, "secret", mode="sealed", kdf=CHEAP)
    assert (anonymised != photo).any()
    np.testing.assert_array_equal(pseudonymiser.decrypt(record, "secret", anonymised), photo)
    rows, columns = quad_box(record.faces[0].quad)
    original = photo[max(rows.start, 0) : rows.stop, max(columns.start, 0) : columns.stop]
    alone = pseudonymiser.decrypt(record, "secret")
    changed = (alone != 255).any(axis=-1)
    assert changed.mean() > 0.5
    np.testing.assert_array_equal(alone[changed], original[changed])
    with pytest.raises(PasswordError, match="wrong"):
        pseudonymiser.decrypt(record, "Secret", anonymised)


TWO_FACES = (fake_face((30.0, 40.0), 9.0), fake_face((62.0, 42.0), 8.0))
"""Their squares overlap."""


@pytest.fixture(scope="module")
def couple(tiny_pack) -> Pseudonymiser:
    return Pseudonymiser(tiny_pack, FakeDetector(*TWO_FACES), encryptor="encryptor-df", **OPEN)


@pytest.mark.parametrize("mode", ["deniable", "sealed"])
def test_all_faces_of_a_photo_are_encrypted_and_come_back(couple, mode):
    photo = fake_photo()
    anonymised, record = couple.encrypt(photo, "secret", mode=mode, kdf=CHEAP)
    assert len(record.faces) == 2
    for face in TWO_FACES:
        x, y = face.points[2].astype(int)
        assert (anonymised[y - 3 : y + 3, x - 3 : x + 3] != photo[y - 3 : y + 3, x - 3 : x + 3]).any()
    recovered = couple.decrypt(record, "secret", anonymised)
    alone = couple.decrypt(record, "secret")
    assert alone.shape[1] > alone.shape[0]
    if mode == "sealed":
        np.testing.assert_array_equal(recovered, photo)
    else:
        assert (recovered != anonymised).any()


def test_a_face_that_is_not_chosen_stays(couple):
    photo = fake_photo()
    anonymised, record = couple.encrypt(photo, "secret", only=[0], kdf=CHEAP)
    assert len(record.faces) == 1
    rows, columns = np.s_[40:52], np.s_[58:67]  # nose and mouth of the other
    np.testing.assert_array_equal(anonymised[rows, columns], photo[rows, columns])
    assert (anonymised[40:52, 26:35] != photo[40:52, 26:35]).any()
    with pytest.raises(ConfigError, match=r"no face 2; it has 2 \(0 to 1\)"):
        couple.encrypt(photo, "secret", only=[2], kdf=CHEAP)
    with pytest.raises(NoFaceError, match="chosen"):
        couple.encrypt(photo, "secret", only=[], kdf=CHEAP)


@pytest.mark.parametrize("mode", ["deniable", "sealed"])
def test_each_face_has_its_own_password(couple, mode):
    photo = fake_photo()
    anonymised, record = couple.encrypt(photo, "a", passwords={1: "b"}, mode=mode, kdf=CHEAP)
    plain, _ = couple.encrypt(photo, "a", mode=mode, kdf=CHEAP)
    assert (plain[:, 60:] != anonymised[:, 60:]).any()
    recovered = couple.decrypt(record, "a", anonymised, passwords={1: "b"})
    one = couple.decrypt(record, "b", anonymised, only=[1])
    first, second = np.s_[38:50, 20:34], np.s_[38:50, 60:72]
    np.testing.assert_array_equal(one[first], anonymised[first])  # the other one's face stays encrypted
    if mode == "sealed":
        np.testing.assert_array_equal(recovered, photo)
        np.testing.assert_array_equal(one[second], photo[second])
        with pytest.raises(PasswordError, match="wrong"):
            couple.decrypt(record, "a", anonymised)
    else:
        both = couple.decrypt(record, "b")
        alone = couple.decrypt(record, "b", only=[1]).astype(int)
        assert np.abs(alone - both[:, both.shape[1] // 2 :]).max() <= 1
    with pytest.raises(ConfigError, match="no face 2"):
        couple.decrypt(record, "a", passwords={2: "c"})
    with pytest.raises(ConfigError, match=r"has no face 5; it has 2 \(0 to 1\)"):
        couple.encrypt(photo, "a", passwords={5: "c"}, kdf=CHEAP)


def test_a_sealed_face_does_not_hold_its_neighbours_pixels(couple):
    """Or the password of one person would open the face of another."""
    photo = fake_photo()
    _, record = couple.encrypt(photo, "a", passwords={1: "b"}, mode="sealed", kdf=CHEAP)
    opened = couple.decrypt(record, "a", only=[0])
    left = int(np.floor(record.faces[0].quad[:, 0].min()))
    nose_of_the_other = int(TWO_FACES[1].points[2, 0]) - 4
    assert (opened[:, nose_of_the_other - left :] == 255).all()


def test_a_batch_gives_what_single_photos_give_and_an_error_where_one_is_at_fault(couple, monkeypatch):
    monkeypatch.setattr("riddle_pl.photos.face_coder.fresh_nonce", lambda: bytes(16))
    photos = [fake_photo(0), fake_photo(1)]
    requests = [EncryptRequest(photo, "secret", kdf=CHEAP) for photo in photos]
    bad = [EncryptRequest(photos[0], "", kdf=CHEAP), EncryptRequest(photos[0], "x", mode="odd", kdf=CHEAP)]
    answers = couple.encrypt_batch([requests[0], *bad, requests[1]])
    assert isinstance(answers[1], PasswordError)
    assert isinstance(answers[2], ConfigError)
    for photo, answer in zip(photos, (answers[0], answers[3]), strict=True):
        assert isinstance(answer, Encrypted)
        assert not answer.refusals
        assert [report.index for report in answer.faces] == [0, 1]
        single, record = couple.encrypt(photo, "secret", kdf=CHEAP)
        torch.testing.assert_close(record.w_enc, answer.record.w_enc, atol=1e-3, rtol=1e-3)
        assert np.abs(single.astype(int) - answer.image).max() <= 1
    assert couple.encrypt_batch([]) == []


class StrictGate(OpenGate):
    """Refuses the second face at one of its four questions."""

    def __init__(self, question: str):
        self.question = question

    def detected(self, face):
        small = self.question == "size" and face is TWO_FACES[1]
        return Verdict(None, Reason.TOO_SMALL, "it is so") if small else Verdict()

    def parsed(self, parts):
        return self._verdicts("parts", Reason.NO_PARTS, len(parts))

    def inversions(self, x, x_inv):
        return self._verdicts("inversions", Reason.POORLY_INVERTED, len(x))

    def published(self, x, x_out):
        return self._verdicts("published", Reason.STILL_RECOGNISED, len(x))

    def _verdicts(self, question, reason, count):
        refused = self.question == question
        return [Verdict(0.5, reason, "it is so") if i == 1 and refused else Verdict(0.25) for i in range(count)]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("size", "too_small"),
        ("parts", "no_parts"),
        ("inversions", "poorly_inverted"),
        ("published", "still_recognised"),
    ],
)
def test_a_refused_face_is_not_published(tiny_pack, question, reason):
    photo, gate = fake_photo(), StrictGate(question)
    strict = Pseudonymiser(tiny_pack, FakeDetector(*TWO_FACES), "encryptor-df", gate=gate, face_map=OvalMap())
    with pytest.raises(FaceRefusedError, match=r"face 1 of x\.jpg \(.*\) is refused: it is so"):
        strict.encrypt(photo, "secret", kdf=CHEAP, name="x.jpg")
    [answer] = strict.encrypt_batch([EncryptRequest(photo, "secret", kdf=CHEAP)])
    assert [refusal.face for refusal in answer.refusals] == [1]
    assert len(answer.record.faces) == 1
    x, y = TWO_FACES[1].points[2].astype(int)
    assert (answer.image[y - 3 : y + 6, x - 3 : x + 4] == 128).all()
    assert answer.faces[1].to_json()["refused"] == reason


def test_a_photo_whose_only_face_is_refused_has_no_record(tiny_pack):
    strict = Pseudonymiser(tiny_pack, FakeDetector(TWO_FACES[1]), gate=StrictGate("size"), face_map=OvalMap())
    [answer] = strict.encrypt_batch([EncryptRequest(fake_photo(), "secret", kdf=CHEAP)])
    assert answer.record is None
    assert answer.faces[0].inversion is None


def test_analyse_says_what_is_known_without_a_password(couple):
    reports = couple.analyse(fake_photo())
    assert [report.index for report in reports] == [0, 1]
    assert all(report.refusal is None and report.similarity is None for report in reports)
    with pytest.raises(NoFaceError, match=r"sea\.jpg"):
        Pseudonymiser(couple.pack, FakeDetector()).analyse(fake_photo(), "sea.jpg")


def test_a_face_whose_points_make_no_sense_is_refused(tiny_pack):
    odd = dataclasses.replace(fake_face(), points=np.full((5, 2), 30.0))
    with pytest.raises(FaceRefusedError, match="coincide"):
        Pseudonymiser(tiny_pack, FakeDetector(odd), "encryptor-df", **OPEN).encrypt(fake_photo(), "a", kdf=CHEAP)


def test_decrypting_uses_the_encryptor_of_the_record(tiny_pack, pseudonymiser):
    _, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=CHEAP)
    other = Pseudonymiser(tiny_pack)
    np.testing.assert_array_equal(other.decrypt(record, "secret"), pseudonymiser.decrypt(record, "secret"))
    assert other.coder_for(record).generator is other.coder.generator  # which is not loaded again


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
        Pseudonymiser(tiny_pack, FakeDetector(fake_face()), encryptor="encryptor-fd", **OPEN).encrypt(
            photo, "a", kdf=CHEAP
        )


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
