"""Detectors that look for a face and its landmarks in aligned images: MTCNN, and dlib's HOG detector."""

from abc import abstractmethod
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.pixels import to_pictures
from riddle_pl.judging import dlib_jobs
from riddle_pl.judging.judge import Judge
from riddle_pl.judging.workers import Job, Workers

SCALE = 256
"""Image side in pixels to which boxes and landmarks are scaled."""


class Detections(NamedTuple):
    """Detections by image; coordinates are NaN without a face."""

    boxes: Float[Tensor, "b 4"]
    """Left, top, right, bottom of the largest face, in pixels at 256 px."""
    points: Float[Tensor, "b k 2"]
    """(x, y) of its landmarks."""

    @property
    def found(self) -> Bool[Tensor, "b"]:
        """Whether there is a face."""
        return ~torch.isnan(self.boxes[:, 0])


class Detector(Judge):
    """Finds the largest face of an image and its landmarks."""

    landmarks: int
    """How many there are per face."""

    @property
    @abstractmethod
    def settings(self) -> str:
        """For the report: how images were searched."""

    @abstractmethod
    def locate(self, x: Float[Tensor, "b 3 h h"]) -> Detections:
        """The faces of images in [-1, 1]."""


class PictureDetector(Detector):
    """A detector that works on 8-bit pictures, in several processes.

    Args:
        side: images are enlarged (or reduced) to this side in pixels first.
        workers: processes; None: one per usable core, at most 8.
    """

    def __init__(self, side: int = 256, workers: int | None = None):
        if side < 32:
            raise ConfigError(f"detectors.{self.name}.side={side}; give at least 32")
        if workers is not None and workers < 1:
            raise ConfigError(f"detectors.{self.name}.workers={workers}; give at least 1, or null for one per core")
        self.side = side
        self._workers = Workers(workers)

    @property
    @abstractmethod
    def job(self) -> Job:
        """Gives each picture's box and landmarks in one row, NaN where there is no face."""

    def locate(self, x: Float[Tensor, "b 3 h h"]) -> Detections:
        rows = torch.from_numpy(self._workers.run(self.job, to_pictures(x, self.side))) * (SCALE / self.side)
        return Detections(rows[:, :4], rows[:, 4:].reshape(len(rows), self.landmarks, 2))

    def close(self) -> None:
        self._workers.close()


class MTCNNDetector(PictureDetector):
    """MTCNN with its five points; see :class:`riddle_pl.faces.detect.FaceDetector`.

    Args:
        side: see :class:`PictureDetector`.
        min_face: smallest face looked for, in pixels of the enlarged image.
        min_score: faces with less confidence are dropped.
        workers: see :class:`PictureDetector`.
    """

    name = "mtcnn"
    landmarks = 5

    def __init__(self, side: int = 256, min_face: int = 40, min_score: float = 0.95, workers: int | None = None):
        super().__init__(side, workers)
        self.min_face = min_face
        self.min_score = min_score

    def missing(self) -> str | None:
        return None  # its weights come with a package that is always there

    @property
    def settings(self) -> str:
        return f"at {self.side} px, faces of {self.min_face} px and more, score {self.min_score}; 5 landmarks"

    @property
    def fingerprint(self) -> str:
        return f"{_mtcnn(self.min_face, self.min_score).fingerprint} side {self.side}"

    @property
    def job(self) -> Job:
        return partial(_locate_mtcnn, self.min_face, self.min_score)


class DlibHOGDetector(PictureDetector):
    """dlib's frontal face detector and its 68 landmarks (extra ``[dlib]``).

    Args:
        side: see :class:`PictureDetector`.
        workers: see :class:`PictureDetector`.
    """

    name = "dlib_hog"
    landmarks = dlib_jobs.LANDMARKS

    def missing(self) -> str | None:
        return None if dlib_jobs.available() else f"{dlib_jobs.EXTRA}, or choose detectors=mtcnn"

    @property
    def settings(self) -> str:
        return f"at {self.side} px, no further upsampling; 68 landmarks"

    @property
    def fingerprint(self) -> str:
        return f"dlib hog {dlib_jobs.versions()} side {self.side}"

    @property
    def job(self) -> Job:
        return dlib_jobs.locate


@lru_cache(maxsize=4)
def _mtcnn(min_face: int, min_score: float) -> FaceDetector:
    return FaceDetector(min_face=min_face, min_score=min_score)


def _locate_mtcnn(min_face: int, min_score: float, pictures: np.ndarray) -> np.ndarray:
    rows = np.full((len(pictures), 4 + 2 * MTCNNDetector.landmarks), np.nan, dtype=np.float32)
    for row, picture in zip(rows, pictures, strict=True):
        if faces := _mtcnn(min_face, min_score).detect(picture):
            row[:4], row[4:] = faces[0].box, faces[0].points.ravel()
    return rows
