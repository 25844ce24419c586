"""Another password for a record, without the original photo."""

from collections.abc import Collection
from dataclasses import replace

import torch
from jaxtyping import UInt8
from numpy import ndarray

from riddle_pl.key import KdfParams, derive_key
from riddle_pl.networks.resize import resize
from riddle_pl.photos.choices import choose_faces
from riddle_pl.photos.decryption import exchange
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.nonces import best_codes
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record

Pixels = UInt8[ndarray, "h w 3"]


def rekey_sealed(record: Record, old: str, new: str, only: Collection[int] | None = None) -> Record:
    """Seals the original pixels under another password. The picture stays as it is.

    With all faces the record gets a fresh salt; with some of them it keeps its salt, which the others need.

    Args:
        only: indices of the faces whose password changes; all by default.

    Raises:
        PasswordError: ``old`` is wrong for one of these faces.
        ConfigError: the record has no face of an index.
    """
    chosen = choose_faces(len(record.faces), only, record.source)
    old_key = derive_key(old, record.kdf)
    patches = [record.unseal(old_key, index) for index in chosen]
    kdf = record.kdf if len(chosen) < len(record.faces) else KdfParams()
    new_key = derive_key(new, kdf)
    changed = replace(record, kdf=kdf)
    faces = list(record.faces)
    for index, patch in zip(chosen, patches, strict=True):
        faces[index] = changed.seal_face(new_key, patch, index)
    return replace(changed, faces=tuple(faces))


def rekey_deniable(
    record: Record,
    old: str,
    new: str,
    photo: Pixels | None,
    pseudonymiser: Pseudonymiser,
    only: Collection[int] | None = None,
) -> tuple[Record, Pixels | None]:
    """Decrypts codes and encrypts them anew. A wrong ``old`` is not noticed: the face is then lost to both passwords
    (the new one brings back what the old, wrong one showed).

    With all faces the record gets a fresh salt; with some of them it keeps its salt, which the others need.

    Args:
        photo: the picture, whose faces change with the codes; None: the record alone.
        only: indices of the faces whose password changes; all by default.

    Returns:
        The new record, and the new picture if there is one.

    Raises:
        RecordError, PhotoError, ConfigError: see :meth:`Pseudonymiser.decrypt`.
    """
    pseudonymiser.check(record, photo)
    coder = pseudonymiser.coder_for(record)
    chosen = choose_faces(len(record.faces), only, record.source)
    kdf = record.kdf if len(chosen) < len(record.faces) else KdfParams()
    old_key, new_key = derive_key(old, record.kdf), derive_key(new, kdf)
    w_pwd = torch.cat([coder.password(old_key, record.faces[index].nonce) for index in chosen])
    context = record.contexts(chosen)
    w = coder.transform(record.w_enc[chosen], w_pwd, context)
    seen = resize(coder.synthesise(w), (JUDGED_SIZE, JUDGED_SIZE))  # the picture shows another person
    shared = [record.shares_stream] * len(chosen)
    codes = best_codes(coder, pseudonymiser.nonces, w, [new_key] * len(chosen), shared, seen, context)
    faces = list(record.faces)
    for index, code in zip(chosen, codes, strict=True):
        faces[index] = replace(faces[index], w_enc=code.w_enc, nonce=code.nonce)
    shown = torch.stack([code.shown for code in codes])
    picture = None if photo is None else exchange(record, chosen, shown, photo, coder, pseudonymiser.brush)
    return replace(record, kdf=kdf, faces=tuple(faces)), picture
