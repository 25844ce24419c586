"""Faces that the gate refuses: why, in words for the user."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from riddle_pl.errors import PhotoError


class Reason(StrEnum):
    """What was wrong with a face; the values are those of a JSON report."""

    TOO_SMALL = "too_small"
    NOT_ALIGNED = "not_aligned"
    POORLY_INVERTED = "poorly_inverted"
    STILL_RECOGNISED = "still_recognised"


@dataclass(frozen=True)
class Refusal:
    """One face that was refused.

    Args:
        face: its index among the photo's faces.
        reason: the kind of fault.
        detail: what was measured and what is needed, for the user.
    """

    face: int
    reason: Reason
    detail: str


class FaceRefusedError(PhotoError):
    """Faces of a photo that the gate refuses; nothing of the photo was written.

    Args:
        name: how messages call the photo.
        refusals: one or more.
    """

    def __init__(self, name: str, refusals: Sequence[Refusal]):
        self.refusals = tuple(refusals)
        first = self.refusals[0]
        more = f" (and {len(self.refusals) - 1} more of its faces)" if len(self.refusals) > 1 else ""
        super().__init__(f"face {first.face} of {name} is refused: {first.detail}{more}")
