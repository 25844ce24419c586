"""Faces that the gate refuses: why, in words for the user."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from riddle_pl.errors import PhotoError


class Reason(StrEnum):
    """What was wrong with a face; the values are those of a JSON report."""

    TOO_SMALL = "too_small"
    ONE_DETECTOR = "seen_by_one_detector"
    TURNED_AWAY = "turned_away"
    NOT_ALIGNED = "not_aligned"
    NO_PARTS = "no_parts"
    POORLY_INVERTED = "poorly_inverted"
    STILL_RECOGNISED = "still_recognised"
    STILL_THERE = "still_there"
    OTHER_POSE = "other_pose"


PERHAPS_NO_FACE = (
    Reason.TOO_SMALL,
    Reason.ONE_DETECTOR,
    Reason.NOT_ALIGNED,
    Reason.NO_PARTS,
    Reason.POORLY_INVERTED,
)
"""What is refused for such a reason may be a pattern or a thing that looks like a face."""
OF_THE_PERSON = (Reason.STILL_RECOGNISED, Reason.OTHER_POSE)
"""What is refused for such a reason may pass as another person: under another nonce."""


@dataclass(frozen=True)
class Refusal:
    """One face that was refused.

    Args:
        face: its index among the photo's faces.
        reason: the kind of fault.
        detail: what was measured and what is needed, for the user.
        place: where it is, for the user.
    """

    face: int
    reason: Reason
    detail: str
    place: str = ""


class FaceRefusedError(PhotoError):
    """Faces of a photo that the gate refuses; nothing of the photo was written.

    Args:
        name: how messages call the photo.
        refusals: one or more.
        covered: the faces were covered, and the photo was written.
    """

    def __init__(self, name: str, refusals: Sequence[Refusal], covered: bool = False):
        self.refusals = tuple(refusals)
        first = self.refusals[0]
        others = len(self.refusals) - 1
        more = f" (and {others} more of its faces)" if others else ""
        place = f" ({first.place})" if first.place else ""
        super().__init__(f"face {first.face} of {name}{place} is refused: {first.detail}{more}{_hint(first, covered)}")


def _hint(refusal: Refusal, covered: bool) -> str:
    """What the user can do, where that depends on the reason."""
    if refusal.reason in PERHAPS_NO_FACE:
        return f"; if it is no face: --not-a-face {refusal.face}"
    if refusal.reason is Reason.TURNED_AWAY:
        return "" if covered else "; cover it: --on-failure solid"
    again = "with --force" if covered else "or cover it: --on-failure solid"
    if refusal.reason is Reason.STILL_THERE:  # its number is another one in another run
        return f"; if it is no face, run it again, which draws another person, {again}"
    if refusal.reason in OF_THE_PERSON:
        return f"; run it again, which draws other people (for --linkable, with another password), {again}"
    return ""
