"""Finding the faces of whole photos: small ones in large photos, turned ones, and what only one detector sees.

A face that is not found is published, so that two detectors of different families search: MTCNN and RetinaFace. Where
one of them sees something, both look again, closely, with the place turned by quarters. What both see is a face to
encrypt. What only one of them sees, and surely, is kept too, with that one's name; what becomes of it is the gate's
word (:class:`riddle_pl.photos.gate.gate.QualityGate` refuses it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from riddle_pl.config.ranges import check_range
from riddle_pl.faces.detect import Face, FaceDetector, PhotoDetector, overlap
from riddle_pl.faces.remembered import Remembered
from riddle_pl.faces.retina import RetinaDetector
from riddle_pl.faces.tiles import Tile, tiles
from riddle_pl.faces.turns import QUARTERS, turned, turned_back

MTCNN, RETINA = "mtcnn", "retinaface"
SEARCHED_FACE = 20
"""Pixels of the smallest face in the searched picture: detectors find hardly any below."""
SMALL_PHOTO = 640
"""Photos with no longer side are searched as they are."""
REFINED_FACE = 96
"""Pixels at which a face is looked at again."""
SURE = 48
"""Faces of so many pixels in the searched picture, seen upright by both, are not: it is what the detectors see then."""
SURROUNDINGS = 0.6
"""Share of the box's size that is seen around it then."""
LOOK = {MTCNN: 0.9, RETINA: 0.5}
"""Scores from which a place is looked at again."""
CONFIRM = {MTCNN: 0.8, RETINA: 0.5}
"""Scores, seen closely, that confirm what the other detector sees."""
PART = 0.4
"""Share of the smaller of two boxes from which a face that the edge of a tile cuts is one that was seen whole."""
SAME = 1 / 3
"""Boxes that overlap by more are of one face."""
ALONE = 0.9
"""RetinaFace's score from which it is believed alone, where it sees the face closely, too; MTCNN's is ``min_score``."""


@dataclass(frozen=True, eq=False)
class _Sighting:
    """One detector's answer in one orientation.

    Args:
        face: in the photo's pixels.
        detector: its name.
        quarters: how the picture was turned.
        side: of the face, in pixels of what the detector saw.
        cut: whether the face reaches over the edge of what was seen, and the photo goes on there.
    """

    face: Face
    detector: str
    quarters: int
    side: float
    cut: bool = False


class PhotoFaceDetector:
    """Both detectors over the whole photo in tiles, RetinaFace upright and turned, MTCNN upright; a close look at what
    is small, turned, or seen by one of them; MTCNN in all orientations where nothing is seen by both.

    RetinaFace sees faces that stand on their heads, if less surely: small tiles are searched in two orientations, the
    reduced photo in four.

    Args:
        min_face: smallest face looked for, in pixels of the photo, however large that is.
        min_score: MTCNN's confidence in faces; with less it only confirms what RetinaFace sees.

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
            MTCNN: Remembered(FaceDetector(SEARCHED_FACE, min(min_score, LOOK[MTCNN]), no_limit)),
            RETINA: Remembered(RetinaDetector(LOOK[RETINA])),
        }
        self._closely: dict[str, PhotoDetector] = {
            MTCNN: Remembered(FaceDetector(REFINED_FACE // 2, min(min_score, CONFIRM[MTCNN]), no_limit)),
            RETINA: Remembered(RetinaDetector(CONFIRM[RETINA])),
        }

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of a photo, the largest first, each with the detectors that see it.

        Raises:
            PhotoError: the picture is not 8-bit RGB, or a detector cannot handle it.
        """
        seen = [*self._sightings(image, RETINA, QUARTERS), *self._sightings(image, MTCNN, QUARTERS[:1])]
        faces = self._resolved(image, seen)
        if not any(len(face.found_by) > 1 for face in faces):
            seen += self._sightings(image, MTCNN, QUARTERS[1:])
            faces = self._resolved(image, seen)
        return sorted(faces, key=lambda face: (-face.area, *face.box))

    def _sightings(self, image: UInt8[np.ndarray, "h w 3"], name: str, quarters: Sequence[int]) -> list[_Sighting]:
        longer = max(image.shape[:2])
        finest = min(1.0, max(SMALL_PHOTO / longer, SEARCHED_FACE / self.min_face))
        found = []
        for tile in tiles(image, finest):
            height, width = tile.pixels.shape[:2]
            for turn in quarters if tile.whole or name == MTCNN else quarters[:2]:
                for face in self._search[name].detect(turned(tile.pixels, turn)):
                    back = turned_back(face, turn, height, width)
                    moved = back.moved(tile.scale, tile.corner)
                    found.append(_Sighting(moved, name, turn, face.side, _cut(moved, tile, image.shape[:2])))
        return found

    def _resolved(self, image: UInt8[np.ndarray, "h w 3"], seen: Sequence[_Sighting]) -> list[Face]:
        """One face for all that was seen of it."""
        faces: list[Face] = []
        for group in _groups(_whole(seen)):
            face = self._sure(group) or self._looked_at(image, group)
            if face is not None:
                faces.append(face)
        ranked = sorted(faces, key=lambda face: (-len(face.found_by), -face.score))
        kept: list[Face] = []
        for face in ranked:
            if not any(same_face(face, other) for other in kept):
                kept.append(face)
        return kept

    def _sure(self, group: Sequence[_Sighting]) -> Face | None:
        """The face, where both see it upright and large enough."""
        upright = [s for s in group if s.quarters == 0 and s.side >= SURE]
        best = {name: _best(s for s in upright if s.detector == name) for name in (MTCNN, RETINA)}
        first, second = best[MTCNN], best[RETINA]
        if first is None or second is None or first.face.score < self.min_score:
            return None
        rival = _best(s for s in group if s.detector == RETINA and s.quarters != 0)
        if rival is not None and rival.face.score > second.face.score:
            return None  # perhaps it is turned
        return replace(first.face, found_by=(MTCNN, RETINA))

    def _looked_at(self, image: UInt8[np.ndarray, "h w 3"], group: Sequence[_Sighting]) -> Face | None:
        """The face as it is seen closely; None where neither detector is sure enough."""
        view = _View.of(image, max(group, key=lambda s: s.face.score).face)
        before = {name: [s for s in group if s.detector == name] for name in (MTCNN, RETINA)}
        retina = [s for turn in QUARTERS for s in self._seen_closely(RETINA, view, turn)]
        mtcnn: list[_Sighting] = []
        for turn in _likeliest(before[RETINA] + retina):
            mtcnn += self._seen_closely(MTCNN, view, turn)
            if any(s.face.score >= self.min_score for s in mtcnn):
                break
        first, second = _best(mtcnn) or _best(before[MTCNN]), _best(before[RETINA] + retina)
        if first is not None and second is not None:
            return replace(first.face, score=max(first.face.score, second.face.score), found_by=(MTCNN, RETINA))
        if second is not None and second.face.score >= ALONE and retina:
            return replace(second.face, found_by=(RETINA,))
        surest = _best(before[MTCNN] + mtcnn)
        if first is not None and surest is not None and surest.face.score >= self.min_score and mtcnn:
            return replace(first.face, score=surest.face.score, found_by=(MTCNN,))
        return None

    def _seen_closely(self, name: str, view: "_View", turn: int) -> list[_Sighting]:
        """What a detector sees of the viewed face, in one orientation."""
        height, width = view.pixels.shape[:2]
        found = []
        for face in self._closely[name].detect(turned(view.pixels, turn)):
            back = turned_back(face, turn, height, width).moved(view.scale, view.corner)
            if same_face(back, view.face):
                found.append(_Sighting(back, name, turn, face.side))
        return found


@dataclass(frozen=True, eq=False)
class _View:
    """A face and its surroundings, at a size at which detectors see well.

    Args:
        face: in the photo's pixels.
        pixels: what is seen.
        scale: photo pixels per pixel, x and y.
        corner: (x, y) of its top left corner in the photo.
    """

    face: Face
    pixels: UInt8[np.ndarray, "h w 3"]
    scale: Float[np.ndarray, "2"]
    corner: Float[np.ndarray, "2"]

    @classmethod
    def of(cls, image: UInt8[np.ndarray, "h w 3"], face: Face) -> "_View":
        height, width = image.shape[:2]
        reach = SURROUNDINGS * np.tile(face.box[2:] - face.box[:2], 2) * [-1, -1, 1, 1]
        outer = np.concatenate([np.floor((face.box + reach)[:2]), np.ceil((face.box + reach)[2:])])
        left, top, right, bottom = np.clip(outer, 0, [width, height, width, height]).astype(int)
        scale = REFINED_FACE / max(face.side, 1.0)
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


def _whole(seen: Sequence[_Sighting]) -> list[_Sighting]:
    """Without what the edge of a tile leaves of a face that was seen whole elsewhere: its points are guessed, and
    detectors are no less sure of it."""
    whole = [s.face for s in seen if not s.cut]
    return [s for s in seen if not (s.cut and any(_covered(s.face, face) > PART for face in whole))]


def _covered(a: Face, b: Face) -> float:
    """The share of the smaller of two boxes that both have."""
    shared = np.clip(np.minimum(a.box[2:], b.box[2:]) - np.maximum(a.box[:2], b.box[:2]), 0, None).prod()
    return float(shared / max(min(a.area, b.area), 1e-6))


def _likeliest(retina: Sequence[_Sighting]) -> list[int]:
    """The turns in which MTCNN should look: where RetinaFace sees the face best first; upright if it does not."""
    if not retina:
        return [QUARTERS[0]]
    scores = {turn: max((s.face.score for s in retina if s.quarters == turn), default=0.0) for turn in QUARTERS}
    return sorted(QUARTERS, key=lambda turn: -scores[turn])


def _best(sightings: Iterable[_Sighting]) -> _Sighting | None:
    return max(sightings, key=lambda s: s.face.score, default=None)


def _groups(seen: Sequence[_Sighting]) -> list[list[_Sighting]]:
    """What was seen of each face."""
    groups: list[list[_Sighting]] = []
    for sighting in sorted(seen, key=lambda s: -s.face.score):
        group = next((group for group in groups if same_face(group[0].face, sighting.face)), None)
        if group is None:
            groups.append([sighting])
        else:
            group.append(sighting)
    return groups


def same_face(a: Face, b: Face) -> bool:
    """Whether two boxes are of one face: they overlap by a third, or the middle of each is in the other."""
    return overlap(a.box, b.box) > SAME or (_holds(a, b) and _holds(b, a))


def _holds(outer: Face, inner: Face) -> bool:
    x, y = (inner.box[:2] + inner.box[2:]) / 2
    left, top, right, bottom = outer.box
    return bool(left < x < right and top < y < bottom)
