"""The quality gate: decides for every face whether its encryption may be published, as far as recognisers tell.

It checks pictures, not what a record reveals. Five checks, in this order: do both detectors find the face, is it large
enough, and is it no profile? Does the parser see any part of a face in it? Does its inversion show a face that is
similar to it? Is the published face no longer recognised as the original person? In the whole published photo, is no
face of the original still visible (:mod:`riddle_pl.photos.last_look`)?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.config.ranges import check_range
from riddle_pl.faces.detect import Face, FaceDetector, PhotoDetector
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.judging.gate_judges import GateJudge, PackJudge, best_judge
from riddle_pl.packs import Pack
from riddle_pl.photos.gate.refusal import Reason

INVERSION_SIDE = 96
"""Inversions are brought to this side before a face is looked for in them."""
FEWEST_PARTS = 0.002
"""Share of the square that eyes, brows, nose and mouth fill at least. Where a parser sees none, it is no face, or one
too blurred for it to tell what is to be pasted."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check of one face.

    Args:
        similarity: cosine that was measured, in [-1, 1]; None if nothing was.
        reason: why the face is refused; None if it passes.
        detail: what was measured and what is needed, for the user.
        judge: the recogniser that measured.
        threshold: cosine with which its measure is compared.
    """

    similarity: float | None = None
    reason: Reason | None = None
    detail: str = ""
    judge: str = ""
    threshold: float | None = None


class Gate(Protocol):
    """What :class:`riddle_pl.photos.pseudonymise.Pseudonymiser` asks. Images are aligned, in [-1, 1]."""

    @property
    def note(self) -> str:
        """What the user should know about the judge; empty if nothing."""
        ...

    @property
    def checks_whole_photo(self) -> bool:
        """Whether faces are detected in the whole published photo too."""
        ...

    def detected(self, face: Face) -> Verdict:
        """Of a face as it was found."""
        ...

    def parsed(self, parts: Sequence[float]) -> list[Verdict]:
        """Of faces, by the share of each square that eyes, brows, nose and mouth fill."""
        ...

    def inversions(self, x: Float[Tensor, "b 3 h h"], x_inv: Float[Tensor, "b 3 s s"]) -> list[Verdict]:
        """Of photos and their inversions."""
        ...

    def published(self, x: Float[Tensor, "b 3 h h"], x_out: Float[Tensor, "b 3 h h"]) -> list[Verdict]:
        """Of photos and the same places of the photos that will be published."""
        ...


@dataclass(frozen=True)
class GateThresholds:
    """When a face is refused.

    Args:
        min_face: shorter side of the detector's box, in pixels of the photo.
        min_eye_distance: of the eyes, in units of that from eyes to mouth (:attr:`Face.eye_distance`): less is a
            profile, which generators of aligned faces do not draw.
        min_inversion: cosine of the photo's face and its inversion by the pack's recogniser. The default asks for a
            face that is not less like the photo's than a stranger's is; what is recovered is the inversion, so ask for
            more where recovery matters.
        max_similarity: cosine of the photo's face and the published one from which they count as the same person;
            None: the judge's own threshold (a false-accept rate of 1e-3).

    Raises:
        ConfigError: a value out of range.
    """

    min_face: float = 24.0
    min_eye_distance: float = 0.6
    min_inversion: float = 0.0
    max_similarity: float | None = None

    def __post_init__(self) -> None:
        check_range("gate.min_face", self.min_face)
        check_range("gate.min_eye_distance", self.min_eye_distance)
        check_range("gate.min_inversion", self.min_inversion)
        if self.max_similarity is not None:
            check_range("gate.max_similarity", self.max_similarity)


class QualityGate:
    """Refuses by thresholds.

    A face that only one of two detectors sees is refused: whatever it is, its points are not to be relied on.

    Args:
        quality: compares photos with their inversions.
        judge: compares photos with what is published; best one that the encryptor was not trained on.
        thresholds: see :class:`GateThresholds`.
        detector: looks for a face in the inversion; MTCNN by default.
    """

    checks_whole_photo = True

    def __init__(
        self,
        quality: GateJudge,
        judge: GateJudge,
        thresholds: GateThresholds | None = None,
        detector: PhotoDetector | None = None,
    ):
        self.quality = quality
        self.judge = judge
        self.thresholds = GateThresholds() if thresholds is None else thresholds
        self.detector: PhotoDetector = FaceDetector(min_face=32, min_score=0.9) if detector is None else detector

    @property
    def note(self) -> str:
        return self.judge.note

    @property
    def same_person(self) -> float:
        """Cosine from which a published face is refused."""
        given = self.thresholds.max_similarity
        return self.judge.same_person if given is None else given

    def detected(self, face: Face) -> Verdict:
        if len(face.found_by) == 1:
            return Verdict(None, Reason.ONE_DETECTOR, f"only {face.found_by[0]} takes it for a face")
        left, top, right, bottom = (float(value) for value in face.box)
        side, needed = min(right - left, bottom - top), self.thresholds.min_face
        if side < needed:
            return Verdict(None, Reason.TOO_SMALL, f"it is {side:.0f} px wide, and {needed:.0f} px are needed")
        if face.eye_distance < self.thresholds.min_eye_distance:
            detail = (
                f"it is seen from the side, which is not drawn: the distance of its eyes is {face.eye_distance:.2f} of "
                f"that from eyes to mouth, and {self.thresholds.min_eye_distance:.2f} is needed"
            )
            return Verdict(None, Reason.TURNED_AWAY, detail)
        return Verdict()

    def parsed(self, parts: Sequence[float]) -> list[Verdict]:
        detail = "the parser sees neither eyes, brows, nose nor mouth of a face in its middle"
        nothing = Verdict(None, Reason.NO_PARTS, detail)
        return [nothing if share < FEWEST_PARTS else Verdict() for share in parts]

    def inversions(self, x: Float[Tensor, "b 3 h h"], x_inv: Float[Tensor, "b 3 s s"]) -> list[Verdict]:
        needed, judge = self.thresholds.min_inversion, self.quality.name
        verdicts = []
        for cosine, inversion in zip(_cosines(self.quality, x, x_inv), x_inv, strict=True):
            if not self.detector.detect(to_pixels(inversion, INVERSION_SIDE)):
                detail = "the detector finds no face in its inversion"
                verdicts.append(Verdict(cosine, Reason.POORLY_INVERTED, detail, judge, needed))
            elif cosine < needed:
                detail = f"its inversion has a similarity of {cosine:.2f} to it, and {needed:.2f} are needed"
                verdicts.append(Verdict(cosine, Reason.POORLY_INVERTED, detail, judge, needed))
            else:
                verdicts.append(Verdict(cosine, judge=judge, threshold=needed))
        return verdicts

    def published(self, x: Float[Tensor, "b 3 h h"], x_out: Float[Tensor, "b 3 h h"]) -> list[Verdict]:
        verdicts = []
        name, threshold = self.judge.name, self.same_person
        for cosine in _cosines(self.judge, x, x_out):
            if cosine < threshold:
                verdicts.append(Verdict(cosine, judge=name, threshold=threshold))
                continue
            detail = (
                f"recogniser {name} still takes the encrypted face for the same person "
                f"(similarity {cosine:.3f}, threshold {threshold:.3f})"
            )
            verdicts.append(Verdict(cosine, Reason.STILL_RECOGNISED, detail, name, threshold))
        return verdicts


def quality_gate(
    pack: Pack,
    device: torch.device | str = "cpu",
    min_face: float = GateThresholds.min_face,
    min_eye_distance: float = GateThresholds.min_eye_distance,
    min_inversion: float = GateThresholds.min_inversion,
    max_similarity: float | None = GateThresholds.max_similarity,
) -> QualityGate:
    """The gate with the pack's recogniser for inversions and the best judge that is installed for encrypted faces.

    Args:
        pack: its ``recogniser`` is used.
        device: where that runs.
        min_face, min_eye_distance, min_inversion, max_similarity: see :class:`GateThresholds`.

    Raises:
        ConfigError: a value out of range.
    """
    thresholds = GateThresholds(min_face, min_eye_distance, min_inversion, max_similarity)
    return QualityGate(PackJudge(pack, device), best_judge(pack, device), thresholds)


class OpenGate:
    """Measures nothing and refuses no face: for networks that are no good yet. Not for photos that are published."""

    note = "the quality gate is off: no face was checked"
    checks_whole_photo = False

    def detected(self, face: Face) -> Verdict:
        return Verdict()

    def parsed(self, parts: Sequence[float]) -> list[Verdict]:
        return [Verdict()] * len(parts)

    def inversions(self, x: Float[Tensor, "b 3 h h"], x_inv: Float[Tensor, "b 3 s s"]) -> list[Verdict]:
        return [Verdict()] * len(x)

    def published(self, x: Float[Tensor, "b 3 h h"], x_out: Float[Tensor, "b 3 h h"]) -> list[Verdict]:
        return [Verdict()] * len(x)


def _cosines(judge: GateJudge, x: Float[Tensor, "b 3 h h"], other: Float[Tensor, "b 3 s s"]) -> Sequence[float]:
    if not len(x):
        return []
    cosines: list[float] = F.cosine_similarity(judge.embed(x), judge.embed(other), dim=1).tolist()
    return cosines
