"""From the bytes of an image file to the aligned face x: what the data modules call for each picture."""

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from riddle_pl.errors import PhotoError
from riddle_pl.faces.align import align_face, ffhq_quad
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.faces.load import decode_image

ALIGNMENT_VERSION = 2
"""Raise it when the same picture gives another crop than before: cached latents are then made anew."""


class FaceCropper:
    """Finds and aligns the largest face of a picture; or takes pictures that are aligned already as they are.

    Args:
        aligned: the pictures are square FFHQ-style crops: resize them only, detect nothing.
        detector: finds the faces; MTCNN by default.
    """

    def __init__(self, aligned: bool = False, detector: FaceDetector | None = None):
        self.aligned = aligned
        self.detector = detector or FaceDetector()

    @property
    def fingerprint(self) -> str:
        """Names everything that the crop of a given picture depends on."""
        return f"crop v{ALIGNMENT_VERSION} " + ("aligned" if self.aligned else self.detector.fingerprint)

    def __call__(self, data: bytes, name: str, size: int) -> Float[Tensor, "1 3 size size"]:
        """The face in [-1, 1].

        Raises:
            PhotoError: not an image, damaged; or with ``aligned`` not square.
            NoFaceError: no face was found.
        """
        pixels = decode_image(data, name)
        if not self.aligned:
            return align_face(pixels, ffhq_quad(self.detector.largest(pixels, name).points), size)
        height, width = pixels.shape[:2]
        if height != width:
            raise PhotoError(f"{name} is {width} x {height}; an aligned picture is square (else set aligned=false)")
        if width != size:
            pixels = np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC))
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1.0
