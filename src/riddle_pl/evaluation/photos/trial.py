"""One photo, encrypted and decrypted by the pipeline."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.errors import NoFaceError, RiddleError
from riddle_pl.evaluation.photos.photos import Photo
from riddle_pl.evaluation.photos.recording_gate import RecordingGate
from riddle_pl.faces.align import align_face
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X_WRONG1, X
from riddle_pl.key import SALT_BYTES, KdfParams, repeatable_nonces
from riddle_pl.photos.face_work import JUDGED_SIZE
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.reports import EncryptRequest

IMAGES = (PHOTO, X, X_ENC1, X_DEC, X_WRONG1)
"""Of every face: in the photo; the generator's image of its code; and where it is in the encrypted, the recovered and
the wrongly decrypted photo."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Result of one photo.

    Args:
        photo: its name.
        people: how many there are in it, where that is known.
        found: faces that the detector found.
        refused: why the quality gate refuses each face; None for one that it lets pass.
        images: of the faces that could be aligned, in [-1, 1], by name (:data:`IMAGES`).
        error: why nothing was done.
    """

    photo: str
    people: int | None
    found: int = 0
    refused: tuple[Reason | None, ...] = ()
    images: Mapping[str, Float[Tensor, "b 3 _ _"]] = field(default_factory=dict)
    error: str = ""


class Trials:
    """Encrypts photos, recovers them, and decrypts them with a wrong password.

    Passwords, salts and nonces depend on the photo's name and the seed; Argon2id's cost is lowered, which changes no
    distribution.

    Args:
        pseudonymiser: the pipeline; its gate is made to watch only.
        seed: of passwords and salts.
    """

    def __init__(self, pseudonymiser: Pseudonymiser, seed: int):
        self.pipeline = pseudonymiser
        self.gate = RecordingGate(pseudonymiser.gate)
        self.pipeline.gate = self.gate
        self.seed = seed

    def __call__(self, photo: Photo) -> Trial:
        """Tries one photo."""
        if photo.pixels is None:
            return Trial(photo.name, photo.people, error=photo.error)
        draw = hashlib.sha256(f"{self.seed} {photo.name}".encode("utf-8", "surrogateescape")).digest()
        self.pipeline.coder.draw_nonce = repeatable_nonces(draw)
        password, wrong = draw[SALT_BYTES:].hex(), draw[SALT_BYTES:][::-1].hex()
        kdf = KdfParams(memory_kib=8, time=1, salt=draw[:SALT_BYTES])
        self.gate.start()
        (answer,) = self.pipeline.encrypt_batch([EncryptRequest(photo.pixels, password, kdf=kdf, name=photo.name)])
        if isinstance(answer, NoFaceError):
            return Trial(photo.name, photo.people)
        if isinstance(answer, RiddleError):
            return Trial(photo.name, photo.people, error=str(answer))
        if answer.record is None:
            return Trial(photo.name, photo.people, len(answer.faces), (Reason.NOT_ALIGNED,) * len(answer.faces))
        reasons = iter(self.gate.reasons())
        refused = tuple(next(reasons) if face.refusal is None else face.refusal.reason for face in answer.faces)
        images = self._images(photo.pixels, answer.image, answer.record, password, wrong)
        return Trial(photo.name, photo.people, len(answer.faces), refused, images)

    def _images(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        encrypted: UInt8[np.ndarray, "h w 3"],
        record: Record,
        password: str,
        wrong: str,
    ) -> dict[str, Tensor]:
        pictures = {
            PHOTO: photo,
            X_ENC1: encrypted,
            X_DEC: self.pipeline.decrypt(record, password, encrypted),
            X_WRONG1: self.pipeline.decrypt(record, wrong, encrypted),
        }
        quads = [face.quad for face in record.faces]
        images = {
            name: torch.cat([align_face(picture, quad, JUDGED_SIZE) for quad in quads])
            for name, picture in pictures.items()
        }
        coder = self.pipeline.coder
        x = torch.cat([align_face(photo, quad, self.pipeline.pack.size) for quad in quads])
        return {**images, X: coder.synthesise(coder.invert(x))}
