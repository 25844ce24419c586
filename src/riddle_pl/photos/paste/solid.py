"""Filling a face with one colour: what is left to do with a face that cannot be encrypted well."""

import numpy as np
from jaxtyping import UInt8

from riddle_pl.faces.detect import Face

GREY = 128
MARGIN = 0.3
"""Share of the box's size by which the filled oval reaches beyond it on every side: hair and chin are covered."""


def solid_face(photo: UInt8[np.ndarray, "h w 3"], face: Face) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of the photo with an oval over the face filled with one grey. Nothing can bring the face back.

    The colour says nothing about the person, and no pixel inside keeps anything of the photo.
    """
    left, top, right, bottom = (float(value) for value in face.box)
    centre_x, centre_y = (left + right) / 2, (top + bottom) / 2
    half_width = max((right - left) * (0.5 + MARGIN), 1.0)
    half_height = max((bottom - top) * (0.5 + MARGIN), 1.0)
    height, width = photo.shape[:2]
    y = ((np.arange(height) + 0.5 - centre_y) / half_height) ** 4
    x = ((np.arange(width) + 0.5 - centre_x) / half_width) ** 4
    rows = y <= 1.0
    result = photo.copy()
    result[rows] = np.where((y[rows, None] + x <= 1.0)[..., None], GREY, photo[rows])
    return result
