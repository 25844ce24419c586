"""Detectors that look for a face in enlarged aligned images: MTCNN and dlib's HOG detector."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.dlib_recogniser import DlibRecogniser
from riddle_pl.photos.detect import FaceDetector


class Detector(ABC):
    """Says for each image whether it shows a face.

    Args:
        side: images are enlarged (or reduced) to this side in pixels first.
    """

    name: str

    def __init__(self, side: int):
        if side < 32:
            raise ConfigError(f"detectors.{self.name}.side={side}; give at least 32")
        self.side = side

    @property
    @abstractmethod
    def settings(self) -> str:
        """For the report: how images were searched."""

    @abstractmethod
    def check(self) -> None:
        """Raises a ``RiddleError`` when something that it needs is missing; does no long work."""

    @abstractmethod
    def finds(self, picture: UInt8[np.ndarray, "h w 3"]) -> bool:
        """Whether there is a face."""

    def found(self, x: Float[Tensor, "b 3 h h"]) -> Bool[Tensor, "b"]:
        """Whether there is a face, for images in [-1, 1]."""
        size = (self.side, self.side)
        if x.shape[-1] != self.side:
            x = F.interpolate(x.float(), size, mode="bicubic", antialias=True, align_corners=False)
        pixels = ((x.clamp(-1.0, 1.0) + 1.0) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return torch.tensor([self.finds(picture) for picture in pixels], dtype=torch.bool)


class MTCNNDetector(Detector):
    """MTCNN; see :class:`riddle_pl.photos.detect.FaceDetector`.

    Args:
        side: see :class:`Detector`.
        min_face: smallest face looked for, in pixels of the enlarged image.
        min_score: faces with less confidence are dropped.
    """

    name = "mtcnn"

    def __init__(self, side: int = 256, min_face: int = 40, min_score: float = 0.95):
        super().__init__(side)
        self._detector = FaceDetector(min_face=min_face, min_score=min_score)

    @property
    def settings(self) -> str:
        return f"at {self.side} px, faces of {self._detector.min_face} px and more, score {self._detector.min_score}"

    def check(self) -> None:
        pass  # its weights come with a package that is always there

    def finds(self, picture: UInt8[np.ndarray, "h w 3"]) -> bool:
        return bool(self._detector.detect(picture))


class DlibHOGDetector(Detector):
    """dlib's frontal face detector: a sliding window over histograms of gradients (extra ``[dlib]``).

    Args:
        side: see :class:`Detector`.
    """

    name = "dlib_hog"

    def __init__(self, side: int = 256):
        super().__init__(side)

    @property
    def settings(self) -> str:
        return f"at {self.side} px, no further upsampling"

    def check(self) -> None:
        if not DlibRecogniser.available():
            raise ConfigError("dlib is not installed; pip install 'riddle-pl[dlib]', or choose detectors=mtcnn")

    @cached_property
    def _detector(self) -> Any:
        import dlib

        return dlib.get_frontal_face_detector()

    def finds(self, picture: UInt8[np.ndarray, "h w 3"]) -> bool:
        return len(self._detector(picture, 0)) > 0
