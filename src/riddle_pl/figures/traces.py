"""Data of a report's figures: images and similarities of a few faces.

Figures without data are left out, with the reason in the report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from riddle_pl.judging.pairs import PairSimilarities

FACES = 6
"""Faces whose images are kept: rows of the grids."""
GRID_PASSWORDS = 8
"""Passwords per face in the grid of many passwords."""
PEOPLE = 8
"""People whose embeddings are kept: colours of the embedding plot."""
PEOPLE_PASSWORDS = 20
"""Encryptions per person in the embedding plot."""


@dataclass(frozen=True, eq=False)
class FaceTrace:
    """The images of one face, in [-1, 1] on the CPU.

    Args:
        name: the face's key.
        images: by the names of :data:`riddle_pl.evaluation.methods.method.FaceImages`; those that there are.
        encryptions: with about :data:`GRID_PASSWORDS` passwords; None where the method has no passwords.
        wrong: decryptions of ``encrypted`` with as many wrong passwords; None likewise.
    """

    name: str
    images: Mapping[str, Float[Tensor, "3 h h"]]
    encryptions: Float[Tensor, "p 3 h h"] | None = None
    wrong: Float[Tensor, "p 3 h h"] | None = None


@dataclass(frozen=True, eq=False)
class Similarities:
    """Cosine similarities of image pairs by a recogniser.

    Args:
        judge: name of the recogniser, as in the rows.
        threshold: cosines above it mean the same person.
        kinds: cosines by kind; see :meth:`riddle_pl.evaluation.scores.RecogniserScores.similarities`.
        pairs: calibrated the threshold; the ROC curve is theirs.
        note: what a reader must know about the recogniser's impartiality; every figure repeats it.
    """

    judge: str
    threshold: float
    kinds: Mapping[str, Float[Tensor, "_"]]
    pairs: PairSimilarities
    note: str = ""


@dataclass(frozen=True, eq=False)
class IdentityCloud:
    """Embeddings of many encryptions of a few people, by one recogniser; of any length.

    Args:
        judge: name of the recogniser.
        people: their names or keys.
        encryptions: per person, with about :data:`PEOPLE_PASSWORDS` passwords.
        originals: of the images that were encrypted, one per person; None leaves them out.
        note: see :class:`Similarities`.
    """

    judge: str
    people: Sequence[str]
    encryptions: Sequence[Float[Tensor, "p d"]]
    originals: Float[Tensor, "q d"] | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class WholePhoto:
    """A whole photo, encrypted and decrypted; see :func:`riddle_pl.evaluation.photos.wild.whole_photo`."""

    name: str
    original: UInt8[np.ndarray, "h w 3"]
    anonymised: UInt8[np.ndarray, "h w 3"]
    recovered: UInt8[np.ndarray, "h w 3"]
    wrong: UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, eq=False)
class Traces:
    """Data of all figures.

    Args:
        faces: at most :data:`FACES`.
        similarities: one per recogniser.
        clouds: one per recogniser, of at most :data:`PEOPLE` people.
        photos: a few.
        metrics: ``metrics.csv`` of the training run that made the encryptor.
        missing: why a part is empty, by the part's name: ``{"photos": "method=folder has no whole photos"}``.
    """

    faces: Sequence[FaceTrace] = ()
    similarities: Sequence[Similarities] = ()
    clouds: Sequence[IdentityCloud] = ()
    photos: Sequence[WholePhoto] = ()
    metrics: Path | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
