"""The state of one face in the pipeline, and its first steps: alignment, parsing, inversion, quality gate."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt8
from torch import Tensor

from riddle_pl.errors import PhotoError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.detect import Face
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.gate.gate import Gate, Verdict
from riddle_pl.photos.gate.refusal import Reason, Refusal
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.regions import Regions
from riddle_pl.photos.reports import FaceReport

JUDGED_SIZE = 128
"""Side in pixels of the aligned faces that recognisers compare."""


@dataclass(eq=False)
class FaceWork:
    """What is known about a face so far.

    Args:
        photo: the photo that it is in.
        index: its number there; the largest face is 0.
        face: as detected.
        quad: its square; empty where its points make no sense.
        verdict: the gate's latest; with a reason in it, the face is refused and nothing more is done with it.
        regions: what the photo shows where in its square.
        inverted, published: the gate's verdicts on its inversion and on what would be published; None before.
        w: its code.
        context: what its encryptor reads of the photo around it.
        judged: the face at ``JUDGED_SIZE``.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    index: int
    face: Face
    quad: Float[np.ndarray, "_ 2"]
    verdict: Verdict
    regions: Regions | None = None
    inverted: Verdict | None = None
    published: Verdict | None = None
    w: Float[Tensor, "n 512"] | None = None
    context: Float64[Tensor, "k"] | None = None
    judged: Float[Tensor, "3 j j"] | None = None

    @property
    def passed(self) -> bool:
        return self.verdict.reason is None

    @property
    def inversion(self) -> float | None:
        """Cosine of the face and its inversion; None before."""
        return None if self.inverted is None else self.inverted.similarity

    def report(self, chosen: bool, seconds: float, not_a_face: bool = False) -> FaceReport:
        """For the user."""
        reason = self.verdict.reason
        refusal = None if reason is None else Refusal(self.index, reason, self.verdict.detail, self.face.where())
        return FaceReport(
            self.index,
            self.face,
            chosen,
            inverted=self.inverted,
            published=self.published,
            refusal=refusal,
            seconds=seconds,
            not_a_face=not_a_face,
        )


def start_faces(photo: UInt8[np.ndarray, "h w 3"], faces: Sequence[Face], gate: Gate) -> list[FaceWork]:
    """All faces of a photo with their squares, and the gate's first verdict on each."""
    works = []
    for index, face in enumerate(faces):
        try:
            quad = ffhq_quad(face.points)
            align_face(photo, quad, 1)
        except PhotoError as error:
            works.append(FaceWork(photo, index, face, np.zeros((0, 2)), Verdict(None, Reason.NOT_ALIGNED, str(error))))
        else:
            works.append(FaceWork(photo, index, face, quad, gate.detected(face)))
    return works


def parse(works: Sequence[FaceWork], brush: Brush, gate: Gate, pool: ThreadPoolExecutor) -> None:
    """Parses the faces that have passed so far, and has the gate look at what is seen."""
    open_works = [work for work in works if work.passed]
    found = list(pool.map(brush.regions, [work.photo for work in open_works], [work.quad for work in open_works]))
    verdicts = gate.parsed([float((regions.parts > 0.5).float().mean()) for regions in found])
    for work, regions, verdict in zip(open_works, found, verdicts, strict=True):
        work.regions, work.verdict = regions, verdict


def invert(works: Sequence[FaceWork], coder: FaceCoder, gate: Gate) -> None:
    """Inverts the faces that have passed so far, all together, and has the gate look at the inversions."""
    open_works = [work for work in works if work.passed]
    if not open_works:
        return
    x = aligned(open_works, coder.pack.size)
    w, contexts = coder.invert(x), coder.context(x)
    judged = aligned(open_works, JUDGED_SIZE)
    verdicts = gate.inversions(judged, coder.synthesise(w))
    for work, code, crop, verdict in zip(open_works, w, judged, verdicts, strict=True):
        work.w, work.judged, work.inverted, work.verdict = code, crop, verdict, verdict
    if contexts is not None:
        for work, context in zip(open_works, contexts, strict=True):
            work.context = context


def aligned(
    works: Sequence[FaceWork], size: int, photo: UInt8[np.ndarray, "h w 3"] | None = None
) -> Float[Tensor, "b 3 size size"]:
    """The faces' squares of their own photo, or of another version of it."""
    return torch.cat([align_face(work.photo if photo is None else photo, work.quad, size) for work in works])
