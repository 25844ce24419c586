"""If this fails, users believe in secrets that a record does not keep, or are told of leaks that it does not have."""

from dataclasses import replace

import pytest
import torch

from riddle_pl.photos.record.known_leaks import (
    BITS_IN_CONTEXT,
    BITS_REDRAWN,
    CONTEXT_NOTE,
    NOTE,
    PADDED_NOTE,
    given_away,
    note,
)
from riddle_pl.photos.record.record import Record
from tests.photos.record.test_record import KEYS, make_patches, make_record, with_contexts


def padded() -> Record:
    record = make_record()
    faces = tuple(replace(face, w_enc=face.w_enc.to(torch.float64)) for face in record.faces)
    return replace(record, tokens="key_stream", faces=faces)


def test_the_note_follows_the_encryptor() -> None:
    assert note("key_stream") == PADDED_NOTE
    assert note("key_stream", context=True) == CONTEXT_NOTE
    assert note("single") == note("per_layer") == NOTE


@pytest.mark.parametrize("sealed", [False, True])
def test_a_padded_record_tells_what_is_public_and_its_guesses_a_little(sealed: bool) -> None:
    record = padded().seal(KEYS, make_patches()) if sealed else padded()
    said = " ".join(given_away(record))
    assert "what is public of each face" in said
    assert "without the picture a little, with each of its 2 faces: about 0.2 bits in all" in said
    assert "often which photo" not in said
    assert ("AES-GCM" in said) is sealed


def test_a_record_with_contexts_tells_them() -> None:
    faces = tuple(replace(face, w_enc=face.w_enc.to(torch.float64)) for face in with_contexts().faces)
    said = " ".join(given_away(replace(with_contexts(), tokens="key_stream", faces=faces)))
    assert f"with each of its 2 faces about {2 * BITS_REDRAWN:.1f} bits in all" in said
    assert f"{2 * BITS_IN_CONTEXT:.0f} otherwise" in said
    assert "what the encryptor read of the photo around each face" in said
    assert "what is public of each face" not in said


def test_only_faces_that_share_a_stream_open_each_other() -> None:
    shared = replace(make_record(), version=1, faces=tuple(replace(f, nonce=None) for f in make_record().faces))
    assert "knows one of its faces" in " ".join(given_away(shared))
    assert "knows one of its faces" not in " ".join(given_away(make_record()))
