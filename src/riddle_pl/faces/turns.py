"""Pictures and faces turned by quarters: detectors know upright faces, photos have others."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, UInt8

from riddle_pl.faces.detect import Face

QUARTERS = (0, 1, 3, 2)
"""Turns that are tried, in the order of how often photos need them."""


def turned(image: UInt8[np.ndarray, "h w 3"], quarters: int) -> UInt8[np.ndarray, "h2 w2 3"]:
    """The picture turned counterclockwise."""
    return np.ascontiguousarray(np.rot90(image, quarters))


def turned_back(face: Face, quarters: int, height: int, width: int) -> Face:
    """A face that was found in a turned picture, where it is in the picture of ``height`` x ``width`` itself.

    Its points keep their order: that of the face when it is upright.
    """
    corners = _back(face.box.reshape(2, 2), quarters, height, width)
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return replace(face, box=box, points=_back(face.points, quarters, height, width))


def _back(points: Float[np.ndarray, "k 2"], quarters: int, height: int, width: int) -> Float[np.ndarray, "k 2"]:
    x, y = points[:, 0], points[:, 1]
    turned_points = {
        0: (x, y),
        1: (width - y, x),  # a picture turned by one quarter has width for its height
        2: (width - x, height - y),
        3: (y, height - x),
    }[quarters % 4]
    return np.stack(turned_points, axis=1)
