"""Finding the faces of whole photos: small ones in large photos, turned ones, and what only one detector sees.

A face that is missed is published, so two detectors of different families search: MTCNN and RetinaFace. Where one of
them reports a candidate, both run again on a close-up in four orientations. A face that both find is to be encrypted. A
face that only one finds, with high confidence, is kept with that detector's name, and the gate decides
(:class:`riddle_pl.photos.gate.gate.QualityGate` refuses it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from riddle_pl.config.ranges import check_range
from riddle_pl.faces.cached import CachedDetector
from riddle_pl.faces.detect import Face, FaceDetector, PhotoDetector, overlap
from riddle_pl.faces.retina import RetinaDetector
from riddle_pl.faces.tiles import Tile, tiles
from riddle_pl.faces.turns import QUARTERS, turned, turned_back

MTCNN, RETINA = "mtcnn", "retinaface"
SEARCHED_FACE = 20
"""Side in pixels of the smallest face in the searched picture; detectors find few smaller ones."""
SMALL_PHOTO = 640
"""Photos whose longer side has at most so many pixels are searched at full size."""
CLOSE_UP_FACE = 96
"""Side in pixels of the face in a close-up."""
CLOSE_UP_MARGIN = 0.6
"""Margin of a close-up around the box, as a share of the box's size."""
CLEAR_FACE = 48
"""Side in pixels, in the searched picture, from which a face that both detectors find upright needs no close-up."""
CANDIDATE_SCORE = {MTCNN: 0.9, RETINA: 0.5}
"""Lowest score of a candidate, which gets a close-up."""
CONFIRMING_SCORE = {MTCNN: 0.8, RETINA: 0.5}
"""Lowest score in the close-up that confirms the other detector's candidate."""
SINGLE_SCORE = 0.9
"""Lowest score of RetinaFace for a face that it alone finds, if it finds it in the close-up too; MTCNN's is
``min_score``."""
CUT_OVERLAP = 0.4
"""Share of the smaller of two boxes from which a face cut by the edge of a tile is the same as a whole one."""
SAME_FACE_IOU = 1 / 3
"""Intersection over union from which two boxes are of one face."""


@dataclass(frozen=True, eq=False)
class _Detection:
    """A face that one detector found in one orientation.

    Args:
        face: in the photo's pixels.
        detector: its name.
        quarters: quarter turns of the searched picture.
        side: of the face, in pixels of the searched picture.
        cut: whether the face reaches over the edge of a tile that is not the edge of the photo.
    """

    face: Face
    detector: str
    quarters: int
    side: float
    cut: bool = False


class PhotoFaceDetector:
    """Both detectors over the whole photo in tiles, RetinaFace upright and turned, MTCNN upright; close-ups of faces
    that are small, turned, or found by one of them; MTCNN in all orientations where no face is found by both.

    RetinaFace finds faces that are upside down too, with lower scores: tiles are searched in two orientations, the
    reduced photo in four.

    Args:
        min_face: smallest face looked for, in pixels of the photo, however large that is.
        min_score: MTCNN's confidence in faces; with less it only confirms faces that RetinaFace finds.

    Raises:
        ConfigError: a value out of range.
    """

    def __init__(self, min_face: int = 28, min_score: float = 0.95):
        check_range("face_detector.min_face", min_face)
        check_range("face_detector.min_score", min_score)
        self.min_face = min_face
        self.min_score = min_score
        no_limit = 1 << 30
        self._search: dict[str, PhotoDetector] = {
            MTCNN: CachedDetector(FaceDetector(SEARCHED_FACE, min(min_score, CANDIDATE_SCORE[MTCNN]), no_limit)),
            RETINA: CachedDetector(RetinaDetector(CANDIDATE_SCORE[RETINA])),
        }
        self._close_up_search: dict[str, PhotoDetector] = {
            MTCNN: CachedDetector(FaceDetector(CLOSE_UP_FACE // 2, min(min_score, CONFIRMING_SCORE[MTCNN]), no_limit)),
            RETINA: CachedDetector(RetinaDetector(CONFIRMING_SCORE[RETINA])),
        }

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of a photo, the largest first, each with the detectors that found it.

        Raises:
            PhotoError: the picture is not 8-bit RGB, or a detector cannot handle it.
        """
        found = [*self._detections(image, RETINA, QUARTERS), *self._detections(image, MTCNN, QUARTERS[:1])]
        faces = self._resolved(image, found)
        if not any(len(face.found_by) > 1 for face in faces):
            found += self._detections(image, MTCNN, QUARTERS[1:])
            faces = self._resolved(image, found)
        return sorted(faces, key=lambda face: (-face.area, *face.box))

    def _detections(self, image: UInt8[np.ndarray, "h w 3"], name: str, quarters: Sequence[int]) -> list[_Detection]:
        longer = max(image.shape[:2])
        finest = min(1.0, max(SMALL_PHOTO / longer, SEARCHED_FACE / self.min_face))
        found = []
        for tile in tiles(image, finest):
            height, width = tile.pixels.shape[:2]
            for turn in quarters if tile.whole or name == MTCNN else quarters[:2]:
                for face in self._search[name].detect(turned(tile.pixels, turn)):
                    back = turned_back(face, turn, height, width)
                    moved = back.moved(tile.scale, tile.corner)
                    found.append(_Detection(moved, name, turn, face.side, _cut(moved, tile, image.shape[:2])))
        return found

    def _resolved(self, image: UInt8[np.ndarray, "h w 3"], found: Sequence[_Detection]) -> list[Face]:
        """One face for all detections of it."""
        faces: list[Face] = []
        for group in _groups(_without_cut(found)):
            face = self._clear(group) or self._confirmed(image, group)
            if face is not None:
                faces.append(face)
        ranked = sorted(faces, key=lambda face: (-len(face.found_by), -face.score))
        kept: list[Face] = []
        for face in ranked:
            if not any(same_face(face, other) for other in kept):
                kept.append(face)
        return kept

    def _clear(self, group: Sequence[_Detection]) -> Face | None:
        """The face, if both find it upright and large enough."""
        upright = [d for d in group if d.quarters == 0 and d.side >= CLEAR_FACE]
        best = {name: _best(d for d in upright if d.detector == name) for name in (MTCNN, RETINA)}
        first, second = best[MTCNN], best[RETINA]
        if first is None or second is None or first.face.score < self.min_score:
            return None
        rival = _best(d for d in group if d.detector == RETINA and d.quarters != 0)
        if rival is not None and rival.face.score > second.face.score:
            return None  # perhaps it is turned
        return replace(first.face, found_by=(MTCNN, RETINA))

    def _confirmed(self, image: UInt8[np.ndarray, "h w 3"], group: Sequence[_Detection]) -> Face | None:
        """The face as found in a close-up; None if neither detector's score is high enough."""
        close_up = _CloseUp.of(image, max(group, key=lambda d: d.face.score).face)
        before = {name: [d for d in group if d.detector == name] for name in (MTCNN, RETINA)}
        retina = [d for turn in QUARTERS for d in self._detections_in(RETINA, close_up, turn)]
        mtcnn: list[_Detection] = []
        for turn in _likeliest(before[RETINA] + retina):
            mtcnn += self._detections_in(MTCNN, close_up, turn)
            if any(d.face.score >= self.min_score for d in mtcnn):
                break
        first, second = _best(mtcnn) or _best(before[MTCNN]), _best(before[RETINA] + retina)
        if first is not None and second is not None:
            return replace(first.face, score=max(first.face.score, second.face.score), found_by=(MTCNN, RETINA))
        if second is not None and second.face.score >= SINGLE_SCORE and retina:
            return replace(second.face, found_by=(RETINA,))
        surest = _best(before[MTCNN] + mtcnn)
        if first is not None and surest is not None and surest.face.score >= self.min_score and mtcnn:
            return replace(first.face, score=surest.face.score, found_by=(MTCNN,))
        return None

    def _detections_in(self, name: str, close_up: "_CloseUp", turn: int) -> list[_Detection]:
        """Detections of the face of a close-up, in one orientation."""
        height, width = close_up.pixels.shape[:2]
        found = []
        for face in self._close_up_search[name].detect(turned(close_up.pixels, turn)):
            back = turned_back(face, turn, height, width).moved(close_up.scale, close_up.corner)
            if same_face(back, close_up.face):
                found.append(_Detection(back, name, turn, face.side))
        return found


@dataclass(frozen=True, eq=False)
class _CloseUp:
    """A close-up of a face, at a size at which detectors work well.

    Args:
        face: in the photo's pixels.
        pixels: the face with a margin.
        scale: photo pixels per pixel, x and y.
        corner: (x, y) of its top left corner in the photo.
    """

    face: Face
    pixels: UInt8[np.ndarray, "h w 3"]
    scale: Float[np.ndarray, "2"]
    corner: Float[np.ndarray, "2"]

    @classmethod
    def of(cls, image: UInt8[np.ndarray, "h w 3"], face: Face) -> "_CloseUp":
        height, width = image.shape[:2]
        reach = CLOSE_UP_MARGIN * np.tile(face.box[2:] - face.box[:2], 2) * [-1, -1, 1, 1]
        outer = np.concatenate([np.floor((face.box + reach)[:2]), np.ceil((face.box + reach)[2:])])
        left, top, right, bottom = np.clip(outer, 0, [width, height, width, height]).astype(int)
        scale = CLOSE_UP_FACE / max(face.side, 1.0)
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
        ratio = np.array([right - left, bottom - top]) / size
        pixels = np.asarray(part.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
        return cls(face, pixels, ratio, np.array([left, top], dtype=np.float64))


def _cut(face: Face, tile: Tile, shape: tuple[int, int]) -> bool:
    """Whether a face reaches over an edge of a tile of a photo of ``shape`` (height, width) that is not the photo's."""
    start, end = tile.corner, tile.corner + np.array(tile.pixels.shape[1::-1]) * tile.scale
    before = (start > 0.5) & (face.box[:2] < start)
    after = (end < np.array(shape[::-1]) - 0.5) & (face.box[2:] > end)
    return bool((before | after).any())


def _without_cut(found: Sequence[_Detection]) -> list[_Detection]:
    """Without cut faces that were found whole in another tile: their points are guesses, with no lower score."""
    whole = [d.face for d in found if not d.cut]
    return [d for d in found if not (d.cut and any(_covered(d.face, face) > CUT_OVERLAP for face in whole))]


def _covered(a: Face, b: Face) -> float:
    """The share of the smaller of two boxes that both have."""
    shared = np.clip(np.minimum(a.box[2:], b.box[2:]) - np.maximum(a.box[:2], b.box[:2]), 0, None).prod()
    return float(shared / max(min(a.area, b.area), 1e-6))


def _likeliest(retina: Sequence[_Detection]) -> list[int]:
    """The orientations for MTCNN, in falling order of RetinaFace's score; upright alone if RetinaFace finds nothing."""
    if not retina:
        return [QUARTERS[0]]
    scores = {turn: max((d.face.score for d in retina if d.quarters == turn), default=0.0) for turn in QUARTERS}
    return sorted(QUARTERS, key=lambda turn: -scores[turn])


def _best(detections: Iterable[_Detection]) -> _Detection | None:
    return max(detections, key=lambda d: d.face.score, default=None)


def _groups(found: Sequence[_Detection]) -> list[list[_Detection]]:
    """The detections of each face."""
    groups: list[list[_Detection]] = []
    for detection in sorted(found, key=lambda d: -d.face.score):
        group = next((group for group in groups if same_face(group[0].face, detection.face)), None)
        if group is None:
            groups.append([detection])
        else:
            group.append(detection)
    return groups


def same_face(a: Face, b: Face) -> bool:
    """Whether two boxes are of one face: they overlap by a third, or the middle of each is in the other."""
    return overlap(a.box, b.box) > SAME_FACE_IOU or (_holds(a, b) and _holds(b, a))


def _holds(outer: Face, inner: Face) -> bool:
    x, y = (inner.box[:2] + inner.box[2:]) / 2
    left, top, right, bottom = outer.box
    return bool(left < x < right and top < y < bottom)
