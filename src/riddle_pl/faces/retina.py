"""Face detection by RetinaFace, the second opinion beside MTCNN; its weights are part of the package."""

import functools

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from riddle_pl.faces.detect import Face
from riddle_pl.packs import load_pack

SOURCE, ROLE = "lite", "face_detector"
"""Pack and role of the weights, whichever pack encrypts."""
MULTIPLE = 32
"""Sides of what the network sees."""
MARGIN = 32
"""Pixels of grey around the picture: faces that its border cuts have their other half there."""
GREY = 115
SAME = 0.4
"""Boxes that overlap by more are one face."""


class RetinaDetector:
    """RetinaFace on the CPU: deterministic; finds faces of about 12 to 600 px, turned ones less well.

    Args:
        min_score: faces with less confidence are dropped.
    """

    def __init__(self, min_score: float = 0.5):
        self.min_score = min_score

    @torch.inference_mode()
    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of a picture as it is, the largest first."""
        from torchvision.ops import nms

        height, width = image.shape[:2]
        rows, columns = (-(-(side + 2 * MARGIN) // MULTIPLE) * MULTIPLE for side in (height, width))
        padded = np.full((rows, columns, 3), GREY, np.uint8)
        padded[MARGIN : MARGIN + height, MARGIN : MARGIN + width] = image
        (found,) = _network()(torch.from_numpy(padded).permute(2, 0, 1)[None].float())
        found = found[found[:, 0] >= self.min_score]
        kept = found[nms(found[:, 1:5], found[:, 0], SAME)].double().numpy()
        faces = [
            Face(box=row[1:5] - MARGIN, points=row[5:].reshape(5, 2) - MARGIN, score=float(row[0])) for row in kept
        ]
        inside = [face for face in faces if _over(face, height, width)]
        return sorted(inside, key=lambda face: (-face.area, *face.box))


@functools.cache
def _network() -> nn.Module:
    """Read once, for all detectors of the process."""
    return load_pack(SOURCE).load(ROLE)


def _over(face: Face, height: int, width: int) -> bool:
    """Whether any of a face's box is over the picture."""
    left, top, right, bottom = face.box
    return bool(right > 0 and bottom > 0 and left < width and top < height)
