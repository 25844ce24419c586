"""What the figures of a report show beside its rows: images and similarities of a few faces, however many were judged.

Whoever evaluates fills a :class:`Traces`; a figure whose part is empty is left out, with a line that says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

FACES = 6
"""Faces whose images are kept: rows of the grids."""
GRID_PASSWORDS = 8
"""Passwords per face in the grid of many passwords."""
PEOPLE = 8
"""People whose embeddings are kept: colours of the embedding plot."""
PEOPLE_PASSWORDS = 20
"""Encryptions per person in the embedding plot."""
SIMILARITIES = 10_000
"""At most so many similarities of a kind are kept; of more, an even sample (see :class:`Reservoir`)."""

KINDS: Mapping[str, str] = {
    "same": "same person, two photos",
    "different": "different people",
    "encrypted": "encrypted and original",
    "recovered": "recovered and original",
    "wrong": "wrong password and original",
}
"""Kinds of pairs of images, with their names in legends; ``same`` and ``different`` are the calibration's pairs."""


@dataclass(frozen=True, eq=False)
class FaceTrace:
    """The images of one face, in [-1, 1] on the CPU.

    Args:
        name: the face's key.
        images: (3, h, h) by the names of :data:`riddle_pl.evaluation.method.FaceImages`; those that there are.
        encryptions: with :data:`GRID_PASSWORDS` passwords; None where the method has no passwords.
        wrong: decryptions of ``encrypted`` with as many wrong passwords; None likewise.
    """

    name: str
    images: Mapping[str, Float[Tensor, "3 h h"]]
    encryptions: Float[Tensor, "p 3 h h"] | None = None
    wrong: Float[Tensor, "p 3 h h"] | None = None


@dataclass(frozen=True, eq=False)
class Similarities:
    """How alike a recogniser finds pairs of images.

    Args:
        judge: name of the recogniser, as in the rows.
        threshold: similarities above it mean the same person.
        reference: the image that encrypted, recovered and wrong ones are compared with: ``inversion`` or ``photo``.
        kinds: similarities by the names in :data:`KINDS`; those that there are.
        trained: whether the recogniser also trained the encryptor, which every figure then says.
    """

    judge: str
    threshold: float
    reference: str
    kinds: Mapping[str, Float[np.ndarray, "_n"]]
    trained: bool = False


@dataclass(frozen=True, eq=False)
class IdentityCloud:
    """Embeddings of many encryptions of a few people, by one recogniser; of any length.

    Args:
        judge: name of the recogniser.
        people: their names or keys.
        originals: of the image that was encrypted (the inversion), one per person.
        encryptions: with :data:`PEOPLE_PASSWORDS` passwords each.
    """

    judge: str
    people: Sequence[str]
    originals: Float[np.ndarray, "q d"]
    encryptions: Float[np.ndarray, "q p d"]


@dataclass(frozen=True, eq=False)
class WholePhoto:
    """A whole photo on its way, all stages of one size; see :func:`riddle_pl.evaluation.wild.whole_photo`."""

    name: str
    original: UInt8[np.ndarray, "h w 3"]
    anonymised: UInt8[np.ndarray, "h w 3"]
    recovered: UInt8[np.ndarray, "h w 3"]
    wrong: UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, eq=False)
class Traces:
    """All that the figures need.

    Args:
        faces: at most :data:`FACES`.
        similarities: one entry per recogniser and reference.
        clouds: one per recogniser.
        photos: a few.
        metrics: ``metrics.csv`` of the training run that made the encryptor.
        missing: why a part is empty, by the name of the part: ``{"photos": "method=folder has no whole photos"}``.
    """

    faces: Sequence[FaceTrace] = ()
    similarities: Sequence[Similarities] = ()
    clouds: Sequence[IdentityCloud] = ()
    photos: Sequence[WholePhoto] = ()
    metrics: Path | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


class Reservoir:
    """An even sample of a stream of numbers, of bounded size (Vitter's algorithm R); the same for the same seed.

    Args:
        size: at most so many are kept.
        seed: of the draws.
    """

    def __init__(self, size: int = SIMILARITIES, seed: int = 0):
        self._rng = np.random.default_rng(seed)
        self._size = size
        self._kept: list[float] = []
        self._seen = 0

    def add(self, values: Float[np.ndarray, "_n"]) -> None:
        """Takes the next numbers of the stream."""
        for value in values.tolist():
            self._seen += 1
            if len(self._kept) < self._size:
                self._kept.append(value)
            elif (place := int(self._rng.integers(self._seen))) < self._size:
                self._kept[place] = value

    def values(self) -> Float[np.ndarray, "_n"]:
        """What was kept."""
        return np.asarray(self._kept, dtype=np.float64)
