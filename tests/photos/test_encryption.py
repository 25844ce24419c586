"""If this fails, a face that was to stay is painted over, or the gate judges another picture than the published one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from riddle_pl.errors import ConfigError, NoFaceError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.gate.gate import OpenGate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.linkable import linkable_kdf
from riddle_pl.photos.reports import Encrypted, EncryptRequest
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))
CLOSE = (fake_face((38.0, 40.0), 8.0), fake_face((54.0, 40.0), 8.0))
"""The square of either reaches over nose and mouth of the other."""
NOSES = (np.s_[38:50, 34:41], np.s_[38:50, 51:58])


def pseudonymiser(pack, gate=None, faces=CLOSE) -> Pseudonymiser:
    gate = OpenGate() if gate is None else gate
    return Pseudonymiser(pack, FakeDetector(*faces), "encryptor-df", gate=gate, face_map=OvalMap())


@pytest.mark.parametrize("mode", ["deniable", "sealed"])
@pytest.mark.parametrize("chosen", [0, 1])
def test_a_close_neighbour_that_is_to_stay_is_not_painted_over(tiny_pack, chosen, mode):
    photo, staying = fake_photo(), 1 - chosen
    one = pseudonymiser(tiny_pack)
    result, record = one.encrypt(photo, "secret", only=[chosen], mode=mode, kdf=KDF)
    np.testing.assert_array_equal(result[NOSES[staying]], photo[NOSES[staying]])
    assert (result[NOSES[chosen]] != photo[NOSES[chosen]]).any(axis=-1).mean() > 0.9
    if mode == "sealed":
        opened = one.decrypt(record, "secret")
        left = max(0, int(np.floor(record.faces[0].quad[:, 0].min())))
        top = max(0, int(np.floor(record.faces[0].quad[:, 1].min())))
        rows, columns = NOSES[staying]
        rows, columns = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        assert (opened[rows, columns] == 255).all()  # nor is the neighbour sealed under this password


class Seen(OpenGate):
    """Lets everybody pass, or refuses everybody at the end, and keeps what it was shown."""

    def __init__(self, refuse: bool = False):
        self.refuse = refuse
        self.before: torch.Tensor | None = None
        self.after: torch.Tensor | None = None

    def published(self, x, x_out):
        self.before, self.after = x, x_out
        reason = Reason.STILL_RECOGNISED if self.refuse else None
        return [Verdict(0.1 * place, reason, "so") for place in range(1, 1 + len(x))]


def test_the_gate_compares_the_photo_with_what_is_published(tiny_pack):
    photo, gate = fake_photo(), Seen()
    result, _ = pseudonymiser(tiny_pack, gate).encrypt(photo, "secret", kdf=KDF)
    quads = [ffhq_quad(face.points) for face in CLOSE]
    for image, seen in ((photo, gate.before), (result, gate.after)):
        torch.testing.assert_close(seen, torch.cat([align_face(image, quad, JUDGED_SIZE) for quad in quads]))
    assert not torch.equal(gate.before, gate.after)


class Insistent(Seen):
    """Refuses the first face until it has seen as many pictures as it was told."""

    def __init__(self, pictures: int):
        super().__init__()
        self.pictures = pictures
        self.seen = 0

    def published(self, x, x_out):
        self.seen += 1
        refused = Verdict(0.9, Reason.STILL_RECOGNISED, "so") if self.seen < self.pictures else Verdict(0.1)
        return [refused, *[Verdict(0.1)] * (len(x) - 1)]


def nonces_of(record):
    return [face.nonce for face in record.faces]


@pytest.mark.parametrize(("pictures", "seen", "refused"), [(1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 3, 1)])
def test_a_face_that_is_still_recognised_gets_other_nonces_before_it_is_refused(tiny_pack, pictures, seen, refused):
    gate = Insistent(pictures)
    [answer] = pseudonymiser(tiny_pack, gate).encrypt_batch([EncryptRequest(fake_photo(), "a", kdf=KDF)])
    assert isinstance(answer, Encrypted)
    assert (gate.seen, len(answer.refusals)) == (seen, refused)


def test_only_the_face_that_was_refused_gets_another_person(tiny_pack, monkeypatch):
    drawn = iter(bytes([number]) * 16 for number in range(10))
    monkeypatch.setattr("riddle_pl.photos.face_coder.fresh_nonce", lambda: next(drawn))
    [answer] = pseudonymiser(tiny_pack, Insistent(2)).encrypt_batch([EncryptRequest(fake_photo(), "a", kdf=KDF)])
    assert isinstance(answer, Encrypted)
    assert nonces_of(answer.record) == [bytes([2]) * 16, bytes([1]) * 16]


def test_a_linkable_face_has_no_other_person_to_become(tiny_pack):
    gate = Insistent(4)
    shared = linkable_kdf(tiny_pack.fingerprint("generator"))
    [answer] = pseudonymiser(tiny_pack, gate).encrypt_batch([EncryptRequest(fake_photo(), "a", kdf=shared)])
    assert isinstance(answer, Encrypted)
    assert (gate.seen, len(answer.refusals)) == (1, 1)


def test_faces_that_were_not_chosen_are_not_judged(tiny_pack):
    gate = Seen()
    [answer] = pseudonymiser(tiny_pack, gate).encrypt_batch([EncryptRequest(fake_photo(), "a", only=[1], kdf=KDF)])
    assert isinstance(answer, Encrypted)
    assert gate.before is not None
    assert len(gate.before) == 1
    assert [report.chosen for report in answer.faces] == [False, True]
    assert [report.similarity for report in answer.faces] == [None, 0.1]


def test_faces_that_are_still_recognised_are_filled_and_not_recorded(tiny_pack):
    [answer] = pseudonymiser(tiny_pack, Seen(refuse=True)).encrypt_batch([EncryptRequest(fake_photo(), "a", kdf=KDF)])
    assert isinstance(answer, Encrypted)
    assert answer.record is None
    assert [refusal.face for refusal in answer.refusals] == [0, 1]
    for nose in NOSES:
        assert (answer.image[nose] == 128).all()


def test_the_photo_given_is_left_alone_and_faces_may_be_given(tiny_pack):
    photo = fake_photo()
    before = photo.copy()
    one = pseudonymiser(tiny_pack, faces=())
    result, record = one.encrypt(photo, "secret", faces=CLOSE, kdf=KDF)
    np.testing.assert_array_equal(photo, before)
    assert len(record.faces) == 2
    assert (result != photo).any()


def test_the_record_says_what_made_it(tiny_pack):
    _, record = pseudonymiser(tiny_pack).encrypt(fake_photo(), "secret", kdf=KDF)
    assert record.kdf == KDF
    assert record.image_size == (96, 80)
    assert (record.pack_name, record.pack_hash) == (tiny_pack.name, tiny_pack.fingerprint("generator"))
    assert record.encryptor_name == "encryptor-df"
    assert record.encryptor_sha256 == tiny_pack.expected_sha256("encryptor-df")
    assert record.tokens == "single"
    for face, recorded in zip(CLOSE, record.faces, strict=True):
        np.testing.assert_array_equal(recorded.quad, ffhq_quad(face.points))


def test_the_code_in_the_record_is_the_encrypted_one_under_that_faces_password(tiny_pack):
    one = pseudonymiser(tiny_pack)
    _, record = one.encrypt(fake_photo(), "a", passwords={1: "b"}, kdf=KDF)
    quads = [ffhq_quad(face.points) for face in CLOSE]
    w = one.coder.invert(torch.cat([align_face(fake_photo(), quad, tiny_pack.size) for quad in quads]))
    nonces = [face.nonce for face in record.faces]
    assert nonces[0] != nonces[1]
    keys = [derive_key(text, KDF) for text in ("a", "b")]
    w_pwd = torch.cat([one.coder.password(key, nonce) for key, nonce in zip(keys, nonces, strict=True)])
    torch.testing.assert_close(record.w_enc, one.coder.transform(w, w_pwd), rtol=1e-3, atol=1e-3)
    assert (record.w_enc - w).norm() > 0.1 * w.norm()


def test_faces_of_linkable_records_share_a_stream_and_no_others_do(tiny_pack):
    shared = linkable_kdf(tiny_pack.fingerprint("generator"))
    _, linkable = pseudonymiser(tiny_pack).encrypt(fake_photo(), "a", kdf=shared)
    assert (linkable.shares_stream, {face.nonce for face in linkable.faces}) == (True, {None})
    _, record = pseudonymiser(tiny_pack).encrypt(fake_photo(), "a", kdf=KDF)
    assert (record.shares_stream, len({face.nonce for face in record.faces} - {None})) == (False, 2)


def test_a_sealed_original_holds_nothing_of_what_did_not_change(tiny_pack):
    photo = fake_photo()
    result, record = pseudonymiser(tiny_pack, faces=CLOSE[:1]).encrypt(photo, "secret", mode="sealed", kdf=KDF)
    patch = record.unseal(derive_key("secret", KDF), 0)
    height, width, _ = patch.pixels.shape
    place = np.s_[patch.top : patch.top + height, patch.left : patch.left + width]
    marks = patch.pixels[..., 3]
    assert set(np.unique(marks)) == {0, 255}
    assert not patch.pixels[marks == 0].any()
    np.testing.assert_array_equal(patch.pixels[marks == 255][:, :3], photo[place][marks == 255])
    np.testing.assert_array_equal(result[place][marks == 0], photo[place][marks == 0])


def test_a_face_that_could_not_be_encrypted_and_is_to_stay_does_not_matter(tiny_pack):
    """Nor is it a neighbour: it has no place."""
    odd = replace(fake_face((70.0, 40.0)), points=np.full((5, 2), 70.0))
    one = pseudonymiser(tiny_pack, faces=(CLOSE[0], odd))
    result, record = one.encrypt(fake_photo(), "secret", only=[0], kdf=KDF)
    assert len(record.faces) == 1
    assert (result[NOSES[0]] != fake_photo()[NOSES[0]]).any()


def test_the_time_is_shared_out_among_the_faces(tiny_pack, monkeypatch):
    times = iter([100.0, 106.0])
    monkeypatch.setattr("riddle_pl.photos.encryption.time.perf_counter", lambda: next(times))
    [answer] = pseudonymiser(tiny_pack).encrypt_batch([EncryptRequest(fake_photo(), "a", kdf=KDF)])
    assert isinstance(answer, Encrypted)
    assert [report.seconds for report in answer.faces] == [3.0, 3.0]


def test_photos_without_a_face_are_answered_one_by_one(tiny_pack):
    requests = [EncryptRequest(fake_photo(), "a", kdf=KDF, name=name) for name in ("sea.jpg", "sky.jpg")]
    answers = pseudonymiser(tiny_pack, faces=()).encrypt_batch(requests)
    for answer, name in zip(answers, ("sea.jpg", "sky.jpg"), strict=True):
        assert isinstance(answer, NoFaceError)
        assert f"no face was found in {name}" in str(answer)


def test_a_password_for_no_face_is_refused(tiny_pack):
    for index in (-1, 2):
        with pytest.raises(ConfigError, match=f"has no face {index}; it has 2"):
            pseudonymiser(tiny_pack).encrypt(fake_photo(), "a", passwords={index: "b"}, kdf=KDF)
