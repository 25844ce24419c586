"""A cache of detections by picture: most tiles of a published photo are those of the original."""

import hashlib
from collections import OrderedDict
from threading import Lock

import numpy as np
from jaxtyping import UInt8

from riddle_pl.faces.detect import Face, PhotoDetector

KEPT = 2048
"""Pictures in the cache; a photo of 48 megapixels makes about 150."""


class CachedDetector:
    """A detector that searches each picture once, keyed by a hash of its pixels.

    Args:
        detector: for pictures that are not in the cache; its answer must depend on the picture alone.
    """

    def __init__(self, detector: PhotoDetector):
        self.detector = detector
        self._known: OrderedDict[bytes, tuple[Face, ...]] = OrderedDict()
        self._lock = Lock()

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of a picture, the largest first."""
        pixels = np.ascontiguousarray(image)
        key = hashlib.blake2b(str(pixels.shape).encode() + b" " + pixels.tobytes(), digest_size=16).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return list(self._known[key])
        faces = self.detector.detect(pixels)
        with self._lock:
            self._known[key] = tuple(faces)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return faces
