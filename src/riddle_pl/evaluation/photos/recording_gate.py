"""A quality gate that passes every face and records the verdicts of the real one."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.faces.detect import Face
from riddle_pl.photos.gate.gate import Gate, Verdict
from riddle_pl.photos.gate.refusal import Reason


class RecordingGate:
    """Makes refused faces measurable; for one photo at a time.

    Args:
        gate: the real one.
    """

    checks_whole_photo = False

    def __init__(self, gate: Gate):
        self.gate = gate
        self._verdicts: list[list[Verdict]] = []

    @property
    def note(self) -> str:
        return self.gate.note

    def start(self) -> None:
        """Forgets the last photo."""
        self._verdicts = [[]]

    def reasons(self) -> list[Reason | None]:
        """Why each face of the photo that could be aligned would have been refused: its first fault."""
        return [next((v.reason for v in of_face if v.reason), None) for of_face in zip(*self._verdicts, strict=True)]

    def detected(self, face: Face) -> Verdict:
        self._verdicts[0].append(self.gate.detected(face))
        return Verdict()

    def parsed(self, parts: Sequence[float]) -> list[Verdict]:
        return self._passing(self.gate.parsed(parts))

    def inversions(self, x: Float[Tensor, "b 3 h h"], x_inv: Float[Tensor, "b 3 s s"]) -> list[Verdict]:
        return self._passing(self.gate.inversions(x, x_inv))

    def published(self, x: Float[Tensor, "b 3 h h"], x_out: Float[Tensor, "b 3 h h"]) -> list[Verdict]:
        return self._passing(self.gate.published(x, x_out))

    def _passing(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        self._verdicts.append(list(verdicts))
        return [Verdict(verdict.similarity) for verdict in verdicts]
