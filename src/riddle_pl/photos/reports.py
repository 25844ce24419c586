"""What the photo pipeline is asked for and what it answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from riddle_pl.password import KdfParams
from riddle_pl.photos.detect import Face
from riddle_pl.photos.record import Record
from riddle_pl.photos.refusal import Refusal


@dataclass(frozen=True, eq=False)
class EncryptRequest:
    """One photo to encrypt.

    Args:
        image: the photo, upright, RGB.
        password: for every face that has none of its own in ``passwords``.
        passwords: by face index.
        faces: the photo's faces where they are known already (of ``find_faces``); found anew by default. Their order
            gives the face indices: the largest is face 0.
        only: indices of the faces to encrypt; all by default. The others stay as they are.
        mode: ``deniable`` or ``sealed``.
        kdf: cost and salt of the key derivation; a fresh random salt by default.
        name: how error lines call the photo.
    """

    image: UInt8[np.ndarray, "h w 3"]
    password: str = field(repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    faces: Sequence[Face] | None = None
    only: Collection[int] | None = None
    mode: str = "deniable"
    kdf: KdfParams | None = None
    name: str = "the photo"


@dataclass(frozen=True, eq=False)
class FaceReport:
    """What is known about one face of a photo.

    Args:
        index: 0 is the photo's largest face.
        face: where it is, and how sure the detector was.
        chosen: whether it was to be encrypted.
        inversion: cosine of the photo's face and its inversion by the gate's recogniser; higher is better, 1 the same
            image. None where it was not measured.
        similarity: cosine of the photo's face and the published one, by the same recogniser. None before encryption.
        refusal: why it was not encrypted; None if nothing was wrong.
        seconds: wall time; the faces of one call share it evenly.
    """

    index: int
    face: Face
    chosen: bool
    inversion: float | None = None
    similarity: float | None = None
    refusal: Refusal | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a report."""
        return {
            "index": self.index,
            "box": [round(float(value), 1) for value in self.face.box],
            "detector_score": round(self.face.score, 4),
            "chosen": self.chosen,
            "inversion_quality": None if self.inversion is None else round(self.inversion, 4),
            "similarity_after": None if self.similarity is None else round(self.similarity, 4),
            "refused": None if self.refusal is None else str(self.refusal.reason),
            "detail": None if self.refusal is None else self.refusal.detail,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, eq=False)
class Encrypted:
    """A photo after encryption.

    Args:
        image: chosen faces are encrypted; those that were refused are filled solidly.
        record: brings the encrypted faces back, in the order of their indices; None where all chosen faces were
            refused.
        faces: of all faces found.
    """

    image: UInt8[np.ndarray, "h w 3"]
    record: Record | None
    faces: tuple[FaceReport, ...]

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Of the chosen faces; where there are any, the photo is not wholly encrypted."""
        return tuple(report.refusal for report in self.faces if report.chosen and report.refusal)
