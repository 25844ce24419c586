"""Detection rate, and distances of boxes and landmarks."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.judging.metrics.face_mean import FaceMean


class DetectionRate(FaceMean):
    """Share of images in which a face was found."""

    def update(self, found: Bool[Tensor, "b"]) -> None:
        self.values.append(found.float())


class BoxDistance(FaceMean):
    """Mean absolute difference of the four box coordinates in pixels, over faces that were found in both images."""

    def update(self, boxes: Float[Tensor, "b 4"], references: Float[Tensor, "b 4"]) -> None:
        """Takes left, top, right, bottom; a box of an image without a face is all NaN."""
        self.values.append(_where_both((boxes - references).abs().mean(dim=1)))


class LandmarkDistance(FaceMean):
    """Mean absolute difference of the landmarks' coordinates in pixels, over faces that were found in both images."""

    def update(self, points: Float[Tensor, "b k 2"], references: Float[Tensor, "b k 2"]) -> None:
        """Takes (x, y) of each landmark; those of an image without a face are all NaN."""
        self.values.append(_where_both((points - references).abs().mean(dim=(1, 2))))


def _where_both(distances: Float[Tensor, "b"]) -> Float[Tensor, "n"]:
    return distances[~torch.isnan(distances)]
