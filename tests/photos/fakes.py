"""Stand-ins for the photo pipeline's tests: a photo without a person, and a detector that finds faces in it."""

import numpy as np

from riddle_pl.faces.detect import Face

PHOTO_SIZE = (96, 80)
"""Width and height."""


def fake_photo(seed: int = 0) -> np.ndarray:
    """Smooth colours with a little noise, (h, w, 3) of uint8."""
    width, height = PHOTO_SIZE
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(0, 20, (height, width, 3))
    return (np.stack([2 * x, 2 * y, x + y], axis=-1) % 230 + noise).astype(np.uint8)


def fake_face(centre: tuple[float, float] = (48.0, 40.0), eye_distance: float = 10.0) -> Face:
    """An upright face; its quad is four eye distances wide."""
    d = eye_distance
    offsets = np.array([[-d / 2, 0], [d / 2, 0], [0, d / 2], [-d / 3, d], [d / 3, d]])
    points = np.array(centre, dtype=np.float64) + offsets
    box = np.array([points[:, 0].min() - d, points[:, 1].min() - d, points[:, 0].max() + d, points[:, 1].max() + d])
    return Face(box=box, points=points, score=0.99)


class FakeDetector:
    """Finds the faces that it was given, whatever the photo."""

    def __init__(self, *faces: Face):
        self.faces = faces

    def detect(self, image: np.ndarray) -> list[Face]:
        return list(self.faces)
