"""If this fails, what is read around a face is lost or changed on its way to decryption, and the face with it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from riddle_pl.errors import RecordError
from riddle_pl.key import KdfParams, derive_key
from riddle_pl.packs import Pack
from riddle_pl.photos.gate.gate import OpenGate
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.file import CONTEXTS
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.rekey import rekey_deniable
from riddle_pl.photos.without_face import without_face
from tests.photos.fakes import FakeDetector, fake_face, fake_photo
from tests.photos.reading import K, reading_pack

KDF = KdfParams(memory_kib=8, time=1, salt=bytes(range(16)))


@pytest.fixture(scope="module")
def pack(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """With a padded encryptor that reads contexts."""
    return reading_pack(tiny_pack, tmp_path_factory.mktemp("packs") / "reading")


@pytest.fixture(scope="module")
def pipeline(pack: Pack) -> Pseudonymiser:
    faces = FakeDetector(fake_face((30.0, 40.0), 9.0), fake_face((62.0, 42.0), 8.0))
    made = Pseudonymiser(pack, faces, "encryptor-padded", gate=OpenGate(), face_map=OvalMap())
    made.coder.__dict__["_parser"] = OvalMap()  # that of the tiny pack takes all of a photo for the face
    return made


def opened(pipeline: Pseudonymiser, record: Record, password: str) -> torch.Tensor:
    key = derive_key(password, record.kdf)
    w_pwd = torch.cat([pipeline.coder.password(key, face.nonce) for face in record.faces])
    return pipeline.coder.transform(record.w_enc, w_pwd, record.contexts(range(len(record.faces))))


def test_a_record_has_the_context_of_each_face_and_opens_in_it(pipeline: Pseudonymiser) -> None:
    picture, record = pipeline.encrypt(fake_photo(), "a", kdf=KDF)
    assert record.version == CONTEXTS
    contexts = record.contexts([0, 1])
    assert contexts.shape == (2, K)
    assert (contexts[0] - contexts[1]).abs().max() > 1e-4
    again = Record.from_bytes(record.to_bytes(), "again")
    w = opened(pipeline, again, "a")
    without = pipeline.coder.transform(
        again.w_enc, torch.cat([pipeline.coder.password(derive_key("a", KDF), face.nonce) for face in again.faces])
    )
    assert (without - w).norm() > 0.01 * w.norm()
    recovered, same = (pipeline.decrypt(one, "a", picture) for one in (record, again))
    np.testing.assert_array_equal(recovered, same)


def test_another_password_for_a_record_keeps_its_contexts(pipeline: Pseudonymiser) -> None:
    _, record = pipeline.encrypt(fake_photo(), "old", kdf=KDF)
    changed, _ = rekey_deniable(record, "old", "new", None, pipeline)
    torch.testing.assert_close(changed.contexts([0, 1]), record.contexts([0, 1]))
    torch.testing.assert_close(opened(pipeline, changed, "new"), opened(pipeline, record, "old"), atol=1e-5, rtol=0)


def test_what_is_read_depends_on_nothing_but_the_photo_around_the_face(pipeline: Pseudonymiser) -> None:
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    parser = OvalMap()
    face = without_face(x, parser, 32)[:, 3:] == 1.0
    changed = torch.where(face, -x, x)
    assert (changed != x).any()
    torch.testing.assert_close(pipeline.coder.context(changed), pipeline.coder.context(x))
    assert Pseudonymiser(pipeline.pack, encryptor="encryptor-df").coder.context(x) is None


def test_contexts_that_do_not_belong_together_are_refused(pipeline: Pseudonymiser) -> None:
    _, record = pipeline.encrypt(fake_photo(), "a", kdf=KDF)
    first, second = record.faces
    for faces, message in (
        ((first, replace(second, context=None)), "context of face 1 is missing; format version 4 has one"),
        ((first, replace(second, context=second.context[:2])), "contexts of different sizes"),
        ((first, replace(second, context=second.context * torch.inf)), "not finite"),
    ):
        with pytest.raises(RecordError, match=message):
            replace(record, faces=faces)
    with pytest.raises(RecordError, match="context of face 0 is there; format version 3 has none"):
        replace(record, version=3)


def test_a_linkable_person_is_drawn_in_the_context_of_each_photo(pipeline: Pseudonymiser) -> None:
    coder, key = pipeline.coder, bytes(32)
    w = coder.invert(torch.rand(2, 3, 32, 32) * 2 - 1)
    contexts = torch.tensor([[0.0] * K, [1.0] * K], dtype=torch.float64)
    encryptor, _ = pipeline.pack.encryptor("encryptor-padded")
    shown = torch.stack([code.shown for code in coder.encrypt(w, [key, key], [True, True], contexts)])
    one, other = encryptor.given(contexts).coordinates(shown)
    torch.testing.assert_close(one, other)
    assert (shown[0] - shown[1]).abs().max() > 1e-3
