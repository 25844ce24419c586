"""The gate's last check: is a face of the original still visible in the photo to be published?

Faces are detected in the published photo as in the original. A detection whose pixels are those of the original, and
which the user did not exclude, was missed or not covered by the mask: it is refused, and covered on request. Any other
detection is compared with the original faces around it, in its own alignment, which may differ from the one that it was
synthesised in; its eyes, nose and mouth have to be where the photo's were.

A new chin above a neck may be detected as a face that lies on its side. A detection that overlaps a new face is
therefore searched for again in the original, and with the new face masked: all detectors find a face of the original.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, UInt8

from riddle_pl.errors import PhotoError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.detect import Face, PhotoDetector
from riddle_pl.faces.find import same_face
from riddle_pl.photos.face_work import JUDGED_SIZE, FaceWork
from riddle_pl.photos.gate.gate import Gate, Verdict
from riddle_pl.photos.gate.refusal import Reason
from riddle_pl.photos.paste.solid import GREY

CORE = 0.6
"""Share of a box's sides within which its pixels are compared: eyes, nose and mouth."""
NEAR = 1.5
"""Faces are compared if their centres are nearer than so many sides."""
POSE = 0.25
"""Mean distance of a new face's five points from the photo's, in sides of its box, from which it is another pose."""
TOUCHED = 0.1
"""Share of a box's pixels that changed, from which it overlaps a new face."""
AROUND = (0.6, 1.0)
"""Margins of a box, as shares of its sides, with which it is searched for again."""


@dataclass(frozen=True, eq=False)
class FaceOutcomes:
    """The faces that were found in the original, by what became of them.

    Args:
        encrypted: those that would be published encrypted.
        staying: those that stay as they are, by the user's choice.
        covered: those that were refused.
    """

    encrypted: Sequence[FaceWork]
    staying: Sequence[FaceWork]
    covered: Sequence[FaceWork]

    def __len__(self) -> int:
        return len(self.encrypted) + len(self.staying) + len(self.covered)


def last_look(
    photo: UInt8[np.ndarray, "h w 3"],
    published: UInt8[np.ndarray, "h w 3"],
    faces: Sequence[Face],
    outcomes: FaceOutcomes,
    gate: Gate,
    detector: PhotoDetector,
) -> list[FaceWork]:
    """Refuses encrypted faces that are still recognised; returns faces of the original that are still visible, refused.

    Args:
        faces: those that ``detector`` found in ``published``.
        outcomes: of the faces that it found in ``photo``.
    """
    left: list[FaceWork] = []
    for face in faces:
        if any(same_face(face, work.face) for work in (*outcomes.staying, *outcomes.covered)):
            continue
        if _is_original(photo, published, face) and not _is_artefact(photo, published, face, detector):
            detail = "it is still there in the encrypted photo"
            verdict = Verdict(None, Reason.STILL_THERE, detail)
            left.append(FaceWork(photo, len(outcomes) + len(left), face, np.zeros((0, 2)), verdict))
            continue
        for work in outcomes.encrypted:
            if work.passed and _near(face, work.face):
                _compare(published, face, work, gate)
    return left


def _is_original(photo: UInt8[np.ndarray, "h w 3"], published: UInt8[np.ndarray, "h w 3"], face: Face) -> bool:
    """Whether most of a face is as it was."""
    return bool(_changed(photo, published, _place(photo, face, CORE)).mean() < 0.5)


def _is_artefact(
    photo: UInt8[np.ndarray, "h w 3"], published: UInt8[np.ndarray, "h w 3"], face: Face, detector: PhotoDetector
) -> bool:
    """Whether a face is detected only because of a new one that it overlaps: not by all detectors in the original, nor
    with the new face masked in grey.
    """
    if _changed(photo, published, _place(photo, face, 1.0)).mean() < TOUCHED:
        return False
    for around in AROUND:
        place = _place(photo, face, 1.0 + 2 * around)
        corner = np.array([place[1].start, place[0].start], dtype=np.float64)
        without = np.where(_changed(photo, published, place)[..., None], np.uint8(GREY), published[place])
        for part in (photo[place], without):
            seen = (found for found in detector.detect(part) if len(found.found_by) != 1)
            if any(same_face(found.moved(1.0, corner), face) for found in seen):
                return False
    return True


def _place(photo: UInt8[np.ndarray, "h w 3"], face: Face, share: float) -> tuple[slice, slice]:
    """Rows and columns of a box scaled by ``share`` around its centre; at least one pixel."""
    height, width = photo.shape[:2]
    middle, half = (face.box[:2] + face.box[2:]) / 2, share * (face.box[2:] - face.box[:2]) / 2
    left, top = np.clip(np.floor(middle - half), 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(middle + half), [left + 1, top + 1], [width, height]).astype(int)
    return np.s_[top:bottom, left:right]


def _changed(
    photo: UInt8[np.ndarray, "h w 3"], published: UInt8[np.ndarray, "h w 3"], place: tuple[slice, slice]
) -> Bool[np.ndarray, "_h _w"]:
    return np.asarray((photo[place] != published[place]).any(axis=-1))


def _near(a: Face, b: Face) -> bool:
    apart = np.linalg.norm((a.box[:2] + a.box[2:] - b.box[:2] - b.box[2:]) / 2)
    return bool(apart < NEAR * max(a.side, b.side))


def _compare(published: UInt8[np.ndarray, "h w 3"], face: Face, work: FaceWork, gate: Gate) -> None:
    """The gate's verdict on a published face and an original one."""
    if same_face(face, work.face):
        moved = float(np.linalg.norm(face.points - work.face.points, axis=1).mean()) / work.face.side
        if moved > POSE:
            detail = (
                f"its eyes, nose and mouth lie {moved:.0%} of its size from the photo's, and {POSE:.0%} are allowed"
            )
            work.verdict = Verdict(work.inversion, Reason.OTHER_POSE, detail)
            return
    if work.judged is None:
        return
    try:
        crop = align_face(published, ffhq_quad(face.points), JUDGED_SIZE)
    except PhotoError:  # points that make no face
        return
    (verdict,) = gate.published(torch.stack([work.judged]), crop)
    if verdict.reason is not None:
        work.verdict = work.published = verdict
