"""If this fails, recovery from the picture alone is no such thing, or says that it went well where it did not."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from riddle_pl.errors import PhotoError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.inversion import EncoderInversion
from riddle_pl.judging.gate_judges import PackJudge
from riddle_pl.key import KdfParams
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.gate.gate import OpenGate
from riddle_pl.photos.image_only import read_back
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from tests.photos.fakes import FakeDetector, fake_face, fake_photo

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))


@pytest.fixture(scope="module")
def pseudonymiser(tiny_pack):
    inversion = EncoderInversion(tiny_pack, "cpu")
    detector = FakeDetector(fake_face())
    return Pseudonymiser(tiny_pack, detector, "encryptor-df", gate=OpenGate(), face_map=OvalMap(), inversion=inversion)


def test_the_codes_come_from_the_picture_and_never_from_the_record(pseudonymiser, tiny_pack):
    picture, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=KDF)
    emptied = replace(record, faces=tuple(replace(face, w_enc=torch.zeros_like(face.w_enc)) for face in record.faces))
    found = read_back(picture, pseudonymiser, emptied, "a.png")
    quad = record.faces[0].quad
    expected = pseudonymiser.coder.invert(align_face(picture, quad, tiny_pack.size))
    torch.testing.assert_close(found.record.w_enc, expected)
    assert found.record.kdf == KDF
    assert found.record.mode == "deniable"
    assert found.record.source == "a.png"
    judge = PackJudge(tiny_pack)
    seen = judge.embed(align_face(picture, quad, JUDGED_SIZE))
    cosine = F.cosine_similarity(seen, judge.embed(pseudonymiser.coder.synthesise(expected)))
    assert found.similarity == pytest.approx(cosine.tolist(), abs=1e-5)
    with pytest.raises(PhotoError, match="50 x 40"):
        read_back(picture[:40, :50], pseudonymiser, record, "a.png")


def test_without_a_record_the_faces_are_found_anew(pseudonymiser):
    picture, record = pseudonymiser.encrypt(fake_photo(), "secret", kdf=KDF)
    alone = read_back(picture, pseudonymiser, KDF, "a.png").record
    torch.testing.assert_close(alone.w_enc, read_back(picture, pseudonymiser, record, "a.png").record.w_enc)
    assert (alone.faces[0].quad == ffhq_quad(fake_face().points)).all()
    for name in ("kdf", "image_size", "tokens", "pack_name", "pack_hash", "encryptor_name", "encryptor_sha256"):
        assert getattr(alone, name) == getattr(record, name), name
