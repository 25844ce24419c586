"""Requests to the photo pipeline and its results."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from riddle_pl.faces.detect import Face
from riddle_pl.key import KdfParams
from riddle_pl.photos.gate.gate import Verdict
from riddle_pl.photos.gate.refusal import Refusal
from riddle_pl.photos.record.record import Record


@dataclass(frozen=True, eq=False)
class EncryptRequest:
    """One photo to encrypt; see :meth:`riddle_pl.photos.pseudonymise.Pseudonymiser.encrypt` for what its values mean.

    The order of ``faces`` gives the face indices: the largest is face 0.
    """

    image: UInt8[np.ndarray, "h w 3"]
    password: str = field(repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    faces: Sequence[Face] | None = None
    only: Collection[int] | None = None
    not_faces: Collection[int] = ()
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
        inverted: the gate's verdict on the photo's face and its inversion; None where it was not asked.
        published: the gate's verdict on the photo's face and what is published in its place; None before encryption.
        refusal: why it was not encrypted; None if nothing was wrong.
        seconds: wall time; the faces of one call share it evenly.
        not_a_face: whether the user says that it is none.
    """

    index: int
    face: Face
    chosen: bool
    inverted: Verdict | None = None
    published: Verdict | None = None
    refusal: Refusal | None = None
    seconds: float = 0.0
    not_a_face: bool = False

    @property
    def inversion(self) -> float | None:
        """Cosine of the photo's face and its inversion; higher is better, 1 the same image."""
        return None if self.inverted is None else self.inverted.similarity

    @property
    def similarity(self) -> float | None:
        """Cosine of the photo's face and the published one."""
        return None if self.published is None else self.published.similarity

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a report. The box is left, top, right, bottom in pixels of the upright photo."""
        return {
            "index": self.index,
            "box": [round(float(value)) for value in self.face.box],
            "detector_score": round(self.face.score, 4),
            "detectors": list(self.face.found_by),
            "chosen": self.chosen,
            "not_a_face": self.not_a_face,
            **_measured("inversion_quality", "inversion", self.inverted),
            **_measured("similarity_after", "similarity", self.published),
            "refused": None if self.refusal is None else str(self.refusal.reason),
            "detail": None if self.refusal is None else self.refusal.detail,
            "seconds": round(self.seconds, 3),
        }


def _measured(name: str, prefix: str, verdict: Verdict | None) -> dict[str, Any]:
    """A cosine, with the recogniser that measured it and the cosine with which it is compared."""
    if verdict is None or verdict.similarity is None:
        return {name: None, f"{prefix}_threshold": None, f"{prefix}_judge": None}
    threshold = None if verdict.threshold is None else round(verdict.threshold, 4)
    return {
        name: round(verdict.similarity, 4),
        f"{prefix}_threshold": threshold,
        f"{prefix}_judge": verdict.judge or None,
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
