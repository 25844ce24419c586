"""If this fails, the old password still opens a record, or a face is lost to both."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from riddle_pl.errors import ConfigError, PasswordError, PhotoError, RecordError
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.networks.resize import resize
from riddle_pl.photos import rekey
from riddle_pl.photos.gate.gate import OpenGate
from riddle_pl.photos.nonces import Choice
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.rekey import rekey_deniable, rekey_sealed
from tests.photos.fakes import FakeDetector, fake_face, fake_photo
from tests.photos.record.test_record import KDF, make_patches, make_record


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(rekey, "KdfParams", lambda: KdfParams(memory_kib=64, time=1))


def sealed():
    return make_record().seal([derive_key("old", KDF)] * 2, make_patches())


def test_all_faces_of_a_sealed_record():
    record, patches = sealed(), make_patches()
    new = rekey_sealed(record, "old", "new")
    assert new.kdf.salt != record.kdf.salt
    for index, patch in enumerate(patches):
        np.testing.assert_array_equal(new.unseal(derive_key("new", new.kdf), index).pixels, patch.pixels)
        for key in (derive_key("old", new.kdf), derive_key("old", record.kdf), derive_key("new", record.kdf)):
            with pytest.raises(PasswordError):
                new.unseal(key, index)
    assert torch.equal(new.w_enc, record.w_enc)
    assert len(record.faces) == 2  # the one given is as it was
    record.unseal(derive_key("old", KDF), 0)


def test_one_face_of_a_sealed_record():
    record = sealed()
    new = rekey_sealed(record, "old", "new", only=[1])
    assert new.kdf == record.kdf  # the other one's key depends on it
    assert new.faces[0].sealed == record.faces[0].sealed
    old_key, new_key = derive_key("old", KDF), derive_key("new", KDF)
    np.testing.assert_array_equal(new.unseal(old_key, 0).pixels, make_patches()[0].pixels)
    np.testing.assert_array_equal(new.unseal(new_key, 1).pixels, make_patches()[1].pixels)
    for key, index in ((new_key, 0), (old_key, 1)):
        with pytest.raises(PasswordError):
            new.unseal(key, index)


def test_a_wrong_old_password_and_a_face_that_is_not_there():
    with pytest.raises(PasswordError, match="wrong"):
        rekey_sealed(sealed(), "no", "new")
    with pytest.raises(ConfigError, match="has no face 2"):
        rekey_sealed(sealed(), "old", "new", only=[2])


@pytest.fixture(scope="module")
def couple(tiny_pack):
    faces = FakeDetector(fake_face((30.0, 40.0), 9.0), fake_face((62.0, 42.0), 8.0))
    return Pseudonymiser(tiny_pack, faces, "encryptor-df", gate=OpenGate(), face_map=OvalMap())


def opened(couple, record, index, password):
    key = derive_key(password, record.kdf)
    return couple.coder.transform(record.w_enc[[index]], couple.coder.password(key, record.faces[index].nonce))[0]


@pytest.mark.parametrize("only", [None, [1]])
def test_deniable(couple, only):
    photo, record = couple.encrypt(fake_photo(), "old", kdf=KDF)
    new, picture = rekey_deniable(record, "old", "new", photo, couple, only)
    assert (new.kdf.salt == record.kdf.salt) is (only is not None)
    for index in (0, 1):
        before = opened(couple, record, index, "old")
        changed = only is None or index in only
        assert torch.equal(new.w_enc[index], record.w_enc[index]) is not changed
        torch.testing.assert_close(
            opened(couple, new, index, "new" if changed else "old"), before, atol=1e-3, rtol=1e-3
        )
        other = opened(couple, new, index, "old" if changed else "new")
        assert (other - before).norm() > 0.1 * before.norm()
    assert (picture != photo).any()
    assert rekey_deniable(record, "old", "new", None, couple, only)[1] is None


def test_a_record_of_another_pack_or_photo_is_refused_before_anything_is_computed(couple):
    photo, record = couple.encrypt(fake_photo(), "old", kdf=KDF)
    with pytest.raises(PhotoError, match=r"belongs to one of|was scaled"):
        rekey_deniable(record, "old", "new", photo[:-1], couple)
    with pytest.raises(RecordError, match="pack"):
        rekey_deniable(replace(record, pack_hash="00" * 32), "old", "new", photo, couple)


class Third:
    """Of three persons the third, and what they were compared with."""

    candidates = 3
    rounds = 1

    def best(self, x, drawn):
        self.x, self.drawn = x, drawn
        return Choice(torch.full((len(x),), 2), torch.zeros(len(x)))


def test_the_new_face_is_the_best_of_several(couple, monkeypatch):
    photo, record = couple.encrypt(fake_photo(), "old", kdf=KDF)
    third = Third()
    monkeypatch.setattr(couple, "nonces", third)
    new, _ = rekey_deniable(record, "old", "new", photo, couple)
    assert third.drawn.shape[:2] == (2, 3)
    expected = couple.coder.sketch(new.w_enc)
    torch.testing.assert_close(third.drawn[:, 2], expected, atol=1e-4, rtol=1e-4)
    recovered = couple.coder.synthesise(torch.stack([opened(couple, record, index, "old") for index in (0, 1)]))
    assert third.x.shape[-1] == rekey.JUDGED_SIZE
    assert (third.x - resize(recovered, (rekey.JUDGED_SIZE,) * 2)).abs().max() < 1e-3
