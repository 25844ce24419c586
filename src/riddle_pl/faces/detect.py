"""Face detection by MTCNN (Zhang et al., 2016), with the networks and weights inside the facenet-pytorch wheel.

The library's cascade is called directly and only wrapped: its own class answers with object arrays under numpy 2 and
fails on pictures smaller than a face.
"""

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import nn

from riddle_pl.errors import CheckpointError, NoFaceError, PhotoError

FloatArray = np.ndarray


@dataclass(frozen=True)
class Face:
    """One face found in a photo. Coordinates are (x, y) in pixels from the top left corner of the picture.

    Attributes:
        box: left, top, right, bottom; may reach beyond the picture.
        points: eye, eye, nose tip, mouth corner, mouth corner; of each pair the one further left in the picture
            (of an upright face) comes first.
        score: the detector's confidence in [0, 1].
        found_by: the detectors that see it; empty where that was not asked.
    """

    box: Float[np.ndarray, "4"]
    points: Float[np.ndarray, "5 2"]
    score: float
    found_by: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        """Area of the box in pixels."""
        left, top, right, bottom = (float(value) for value in self.box)
        return max(right - left, 0.0) * max(bottom - top, 0.0)

    @property
    def side(self) -> float:
        """Side in pixels of a square as large as the box."""
        return float(np.sqrt(self.area))

    @property
    def eye_distance(self) -> float:
        """Distance of the eyes in units of that from eyes to mouth: about 0.9 from the front, 0.3 to 0.5 in profile."""
        eyes, mouth = self.points[:2], self.points[3:]
        height = float(np.linalg.norm(mouth.mean(axis=0) - eyes.mean(axis=0)))
        return float(np.linalg.norm(eyes[1] - eyes[0])) / max(height, 1e-9)

    def moved(self, scale: float | Float[np.ndarray, "2"], shift: Float[np.ndarray, "2"]) -> "Face":
        """The face in coordinates x ``scale`` + ``shift``."""
        box = (self.box.reshape(2, 2) * scale + shift).reshape(4)
        return replace(self, box=box, points=self.points * scale + shift)

    def where(self) -> str:
        """Its place, for the user."""
        left, top, right, bottom = (round(float(value)) for value in self.box)
        return f"{right - left} x {bottom - top} px at ({left}, {top})"


def overlap(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    """Intersection over union of two boxes."""
    shared = float(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod())
    union = float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - shared
    return shared / union if union > 0 else 0.0


def require_faces(faces: list[Face], name: str) -> list[Face]:
    """The faces; raises :class:`NoFaceError` with a line that names the picture if there is none."""
    if not faces:
        raise NoFaceError(f"no face was found in {name}; give a photo in which a face is seen from the front")
    return faces


class PhotoDetector(Protocol):
    """Anything that finds faces."""

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of a picture, the largest first."""
        ...


class FaceDetector:
    """MTCNN on the CPU: deterministic, nothing is downloaded, weights are read at the first call.

    Args:
        min_face: smallest face looked for, in pixels of the searched picture.
        min_score: faces with less confidence are dropped.
        max_side: larger pictures are searched at this size; the points are given in the original's pixels.
    """

    def __init__(self, min_face: int = 20, min_score: float = 0.95, max_side: int = 1280):
        self.min_face = min_face
        self.min_score = min_score
        self.max_side = max_side

    @property
    def fingerprint(self) -> str:
        """Names everything that the result depends on."""
        return f"mtcnn facenet-pytorch 2.5.3 {self.min_face} {self.min_score} {self.max_side}"

    def detect(self, image: UInt8[np.ndarray, "h w 3"] | Image.Image) -> list[Face]:
        """All faces of a picture, the largest first; an empty list where there is none.

        Raises:
            PhotoError: the picture is not 8-bit RGB, or the detector cannot handle it.
        """
        pixels = _rgb_array(image)
        scale = min(1.0, self.max_side / max(pixels.shape[:2]))
        if scale < 1.0:
            height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
            shrunk = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
            ratio = np.array([pixels.shape[1] / width, pixels.shape[0] / height])
            pixels = np.asarray(shrunk)
        else:
            ratio = np.ones(2)
        if min(pixels.shape[:2]) < self.min_face:  # the cascade's image pyramid would be empty
            return []
        boxes, points = self._cascade(pixels)
        faces = [
            Face(box=box[:4] * np.tile(ratio, 2), points=five * ratio, score=float(box[4]))
            for box, five in zip(boxes, points, strict=True)
            if box[4] >= self.min_score
        ]
        return sorted(faces, key=lambda face: (-face.area, *face.box))

    def largest(self, image: UInt8[np.ndarray, "h w 3"] | Image.Image, name: str = "the picture") -> Face:
        """The largest face.

        Raises:
            NoFaceError: there is none; the message names ``name``.
        """
        return require_faces(self.detect(image), name)[0]

    def _cascade(self, pixels: UInt8[np.ndarray, "h w 3"]) -> tuple[FloatArray, FloatArray]:
        """Boxes with scores (k, 5) and points (k, 5, 2) as plain float64 arrays."""
        from facenet_pytorch.models.utils.detect_face import detect_face

        networks = _load_networks()
        try:
            with torch.no_grad():
                boxes, points = detect_face(
                    np.ascontiguousarray(pixels),
                    self.min_face,
                    *networks,
                    [0.6, 0.7, 0.7],  # thresholds of the three stages, as published
                    0.709,  # step of the image pyramid, as published
                    torch.device("cpu"),
                )
        except (RuntimeError, IndexError) as error:  # a candidate box that lies wholly outside the picture
            raise PhotoError(f"the face detector failed on a picture of shape {pixels.shape}: {error}") from error
        return np.asarray(boxes[0], dtype=np.float64).reshape(-1, 5), np.asarray(points[0], np.float64).reshape(
            -1, 5, 2
        )


def _rgb_array(image: UInt8[np.ndarray, "h w 3"] | Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    pixels = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise PhotoError(f"picture has shape {pixels.shape} and type {pixels.dtype}; expected (h, w, 3) of uint8")
    return pixels


@functools.cache
def _load_networks() -> tuple[nn.Module, nn.Module, nn.Module]:
    """Read once, for all detectors of the process."""
    import facenet_pytorch
    from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

    folder = Path(facenet_pytorch.__file__).parent / "data"

    def load(network: nn.Module, name: str) -> nn.Module:
        path = folder / name
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"{path} cannot be loaded; reinstall facenet-pytorch 2.5.3") from error
        return network.eval().requires_grad_(False)

    return (
        load(PNet(pretrained=False), "pnet.pt"),
        load(RNet(pretrained=False), "rnet.pt"),
        load(ONet(pretrained=False), "onet.pt"),
    )
