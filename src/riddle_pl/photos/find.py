"""Finding the faces of whole photos, small ones in large photos included, in little time."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from riddle_pl.errors import ConfigError
from riddle_pl.photos.detect import Face, FaceDetector

SEARCHED_FACE = 20
"""Pixels of the smallest face in the searched picture: MTCNN finds hardly any below."""
SMALL_PHOTO = 640
"""Photos with no longer side are searched as they are."""
REFINED_FACE = 96
"""Pixels at which a face that was small in the searched picture is looked at again."""
SURE = 48
"""Faces of so many pixels in the searched picture are not: it is what MTCNN's last network sees of them."""
SURROUNDINGS = 0.6
"""Share of the box's size that is seen around it then."""


class PhotoFaceDetector:
    """MTCNN for photos: searches a reduced picture, then looks at faces that are small in it again at full size.

    A face that is not found stays as it is in the photo, so ``min_face`` says from which size on faces are looked for.

    Args:
        min_face: smallest face looked for, in pixels of the photo.
        min_score: faces with less confidence are dropped.
        max_side: larger photos are searched at this size, which raises the smallest face found accordingly: in a
            photo of 4800 px to three times ``SEARCHED_FACE``.

    Raises:
        ConfigError: a value out of range.
    """

    def __init__(self, min_face: int = 28, min_score: float = 0.95, max_side: int = 1600):
        for name, value, least in (("min_face", min_face, SEARCHED_FACE), ("max_side", max_side, SMALL_PHOTO)):
            if value < least:
                raise ConfigError(f"face_detector.{name} is {value}; expected at least {least} pixels")
        if not 0.0 <= min_score <= 1.0:
            raise ConfigError(f"face_detector.min_score is {min_score}; expected 0 to 1")
        self.min_face = min_face
        self.max_side = max_side
        self._search = FaceDetector(SEARCHED_FACE, min_score, max_side)
        self._again = FaceDetector(REFINED_FACE // 2, min_score, 4 * REFINED_FACE)

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of a photo, the largest first.

        Raises:
            PhotoError: the picture is not 8-bit RGB, or the detector cannot handle it.
        """
        height, width = image.shape[:2]
        longer = max(height, width)
        side = max(min(longer, SMALL_PHOTO), min(self.max_side, longer * SEARCHED_FACE // self.min_face))
        if side >= longer:
            return self._search.detect(image)
        size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
        searched = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=2.0))
        ratio = np.array([width / size[0], height / size[1]])
        found = [
            Face(face.box * np.tile(ratio, 2), face.points * ratio, face.score)
            for face in self._search.detect(searched)
        ]
        faces = [self._refined(image, face) if _side(face) < SURE * ratio.mean() else face for face in found]
        return sorted(faces, key=lambda face: (-face.area, *face.box))

    def _refined(self, image: UInt8[np.ndarray, "h w 3"], face: Face) -> Face:
        """The same face, located in the photo's own pixels; as it was if it is not found again."""
        height, width = image.shape[:2]
        reach = SURROUNDINGS * np.tile(face.box[2:] - face.box[:2], 2) * [-1, -1, 1, 1]
        left, top, right, bottom = np.clip((face.box + reach).round(), 0, [width, height, width, height]).astype(int)
        scale = REFINED_FACE / _side(face)
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
        ratio, corner = np.array([right - left, bottom - top]) / size, np.array([left, top])
        for again in self._again.detect(np.asarray(part.resize(size, Image.Resampling.BICUBIC))):
            box, points = again.box * np.tile(ratio, 2) + np.tile(corner, 2), again.points * ratio + corner
            if _same(box, face.box):
                return Face(box, points, max(face.score, again.score))
        return face


def _side(face: Face) -> float:
    return float(np.sqrt(face.area))


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two boxes overlap by half."""
    shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared
    return bool(shared > 0.5 * union)
