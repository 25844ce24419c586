"""Composite pictures: aligned face crops pasted onto photos without people."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

Pixels = UInt8[np.ndarray, "h w 3"]

MAX_PEOPLE = 3
SIZE = (900, 600)
"""Width and height of a picture."""
SIDES = (112, 224)
"""Smallest and largest side of a crop in it."""


def backgrounds() -> list[Pixels]:
    """Photos without people that come with scikit-image, brought to :data:`SIZE`: a cup, a rocket and a cat."""
    from skimage import data

    photos = (data.coffee(), data.rocket(), data.chelsea())
    return [np.asarray(Image.fromarray(photo).resize(SIZE, Image.Resampling.BICUBIC)) for photo in photos]


def compose_photo(crops: Sequence[UInt8[np.ndarray, "_ _ 3"]], ground: Pixels, rng: np.random.Generator) -> Pixels:
    """A copy of ``ground`` with up to :data:`MAX_PEOPLE` square crops on it, side by side, of random size and place."""
    picture = ground.copy()
    column = picture.shape[1] // len(crops)
    for number, crop in enumerate(crops):
        side = int(rng.integers(SIDES[0], SIDES[1], endpoint=True))
        left = number * column + int(rng.integers(0, column - side, endpoint=True))
        top = int(rng.integers(0, picture.shape[0] - side, endpoint=True))
        laid = Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC)
        picture[top : top + side, left : left + side] = np.asarray(laid)
    return picture
