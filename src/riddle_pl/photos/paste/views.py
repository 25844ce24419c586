"""The square of a photo and the new face for it, side by side, each parsed at most once."""

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
        theirs: regions of the photo, where they are known.
    """

    def __init__(
        self,
        face_map: FaceMap,
        photo: Float[Tensor, "1 3 h h"],
        x: Float[Tensor, "1 3 s s"],
        theirs: Regions | None = None,
    ):
        self.face_map = face_map
        self.photo = photo
        self.x = x
        self.theirs = regions(face_map, photo) if theirs is None else theirs

    @cached_property
    def ours(self) -> Regions:
        """Of the new face."""
        return regions(self.face_map, self.x)

    def fit(self, fitted: FittedMap) -> None:
        """Puts the face that is fitted into the photo's in the new one's place."""
        self.x, self.ours = fitted.fit(self.x, self.ours, self.theirs)


def regions(face_map: FaceMap, image: Float[Tensor, "1 3 h h"]) -> Regions:
    """What an aligned picture shows where. Maps that tell the face alone take all of it for skin."""
    if isinstance(face_map, FittedMap):
        return face_map.regions(image)
    face = face_map(image)
    nothing, everything = torch.zeros_like(face), torch.ones_like(face)
    return Regions(face, features=nothing, skin=face, beard=nothing, parts=everything, glasses=nothing)
