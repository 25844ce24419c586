"""The square of a photo and the new face for it, side by side, each parsed once."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.paste.fitted import FittedMap
from riddle_pl.photos.paste.mask import FaceMap
from riddle_pl.photos.paste.regions import Regions


class Views:
    """Both images, and what they show where once it is asked for.

    Args:
        face_map: parses them.
        photo: the aligned photo in [-1, 1].
        x: the new face in [-1, 1].
    """

    def __init__(self, face_map: FaceMap, photo: Float[Tensor, "1 3 h h"], x: Float[Tensor, "1 3 s s"]):
        self.face_map = face_map
        self.photo = photo
        self.x = x

    @cached_property
    def theirs(self) -> Regions:
        """Of the photo."""
        return self._regions(self.photo)

    @cached_property
    def ours(self) -> Regions:
        """Of the new face."""
        return self._regions(self.x)

    def fit(self, fitted: FittedMap) -> None:
        """Puts the face that is fitted into the photo's in the new one's place."""
        self.x, self.ours = fitted.fit(self.x, self.ours, self.theirs)

    def _regions(self, image: Float[Tensor, "1 3 h h"]) -> Regions:
        if isinstance(self.face_map, FittedMap):
            return self.face_map.regions(image)
        face = self.face_map(image)
        return Regions(face, torch.zeros_like(face), face, torch.zeros_like(face))
