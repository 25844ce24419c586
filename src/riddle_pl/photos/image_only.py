"""Recovery from a picture alone: the code of an encrypted face is read back by inverting the picture again.

A saved picture holds less than its record: recovery is approximate even with the right password. How well the code was
read back is measured on the picture before any password is known, so the measure cannot tell a right from a wrong one.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from numpy import ndarray

from riddle_pl.errors import ConfigError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.judging.gate_judges import PackJudge
from riddle_pl.key import KdfParams
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record, RecordedFace
from riddle_pl.photos.record.surroundings import Surroundings


@dataclass(frozen=True, eq=False)
class ReadBack:
    """What a picture gave.

    Args:
        record: deniable, with the codes that were read back.
        similarity: for each face the cosine of the picture's face and its re-inversion by the pack's recogniser; 1 is
            the same face. The lower, the less a recovered face can be trusted. ``invert=refine`` and ``optimise``
            raise it by themselves, so compare only what one way of inverting gave.
    """

    record: Record
    similarity: tuple[float, ...]


def read_back(
    photo: UInt8[ndarray, "h w 3"], pseudonymiser: Pseudonymiser, like: Record | KdfParams, name: str
) -> ReadBack:
    """Inverts the encrypted faces of a picture.

    Args:
        photo: the picture that was published.
        pseudonymiser: with the pack that made it.
        like: its record, whose codes are not used, only its salt, places and encryptor; or the cost and salt alone.
        name: how error lines call the picture.

    Raises:
        NoFaceError: no face is found.
        PhotoError: the picture has another size than the record's photo.
        RecordError: the record was made with another pack or encryptor.
        ConfigError: the encryptor is a padded one.
    """
    coder = pseudonymiser.coder_for(like) if isinstance(like, Record) else pseudonymiser.coder
    if coder.pads:
        raise ConfigError(
            f"{name} cannot be read back with {coder.encryptor_name}: a code that is read from a picture is never "
            "exact, and a pad takes off nothing else; decrypt the record, or name the encryptor that made the picture"
        )
    nonces: list[bytes | None]
    surroundings: Surroundings | None
    if isinstance(like, Record):
        pseudonymiser.check(like, photo)
        quads = [face.quad for face in like.faces]
        nonces, kdf = [face.nonce for face in like.faces], like.kdf
        version, surroundings = like.version, like.surroundings
    else:
        quads = [ffhq_quad(face.points) for face in pseudonymiser.find_faces(photo, name)]
        nonces, kdf, version, surroundings = [None] * len(quads), like, 0, None
    pack = pseudonymiser.pack
    w_enc = coder.invert(torch.cat([align_face(photo, quad, pack.size) for quad in quads]))
    judge = PackJudge(pack, pseudonymiser.device)
    seen = judge.embed(torch.cat([align_face(photo, quad, JUDGED_SIZE) for quad in quads]))
    similarity = F.cosine_similarity(seen, judge.embed(coder.synthesise(w_enc)), dim=1)
    record = Record(
        faces=tuple(RecordedFace(*face) for face in zip(w_enc, quads, nonces, strict=True)),
        image_size=(photo.shape[1], photo.shape[0]),
        kdf=kdf,
        tokens=coder.tokens.name,
        pack_name=pack.name,
        pack_hash=pack.fingerprint("generator"),
        encryptor_name=coder.encryptor_name,
        encryptor_sha256=pack.expected_sha256(coder.encryptor_name) or "",
        version=version,
        surroundings=surroundings,
        source=name,
    )
    return ReadBack(record, tuple(similarity.tolist()))
