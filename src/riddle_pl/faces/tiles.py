"""Whole photos in pieces that a detector can take: at full size in tiles for small faces, reduced for large ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

SIDE = 1024
"""Most pixels of a tile's sides."""
SHARED = 256
"""Pixels that neighbouring tiles share: faces up to this size are whole in one of them."""
STEP = 4
"""Each level is smaller than the last by this: what is too large for the shared part is found one level further up."""
MULTIPLE = 32
"""Sides of tiles that do not hold all of a side: what the detectors' networks halve most often."""
LAST = 320
"""Longer side of the smallest level, on which faces that fill the photo are of a size that detectors know."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A part of a photo.

    Args:
        pixels: what is searched.
        scale: photo pixels per pixel, x and y.
        corner: (x, y) of its top left corner in the photo.
        whole: whether it is the whole photo.
    """

    pixels: UInt8[np.ndarray, "h w 3"]
    scale: Float[np.ndarray, "2"]
    corner: Float[np.ndarray, "2"]
    whole: bool


def tiles(image: UInt8[np.ndarray, "h w 3"], finest: float) -> Iterator[Tile]:
    """All tiles of all levels, the finest first.

    Args:
        finest: pixels of the finest level per pixel of the photo, at most 1.
    """
    height, width = image.shape[:2]
    for scale in _scales(max(height, width), finest):
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        level = image if size == (width, height) else _reduced(image, size)
        ratio = np.array([width / size[0], height / size[1]])
        for top, bottom in _spans(size[1]):
            for left, right in _spans(size[0]):
                part = level[top:bottom, left:right]
                yield Tile(part, ratio, np.array([left, top]) * ratio, part.shape == level.shape)


def _scales(longer: int, finest: float) -> Iterator[float]:
    scale = finest
    yield scale
    while longer * scale > SIDE:
        scale /= STEP
        yield scale
    if longer * scale > LAST:
        yield LAST / longer


def _reduced(image: UInt8[np.ndarray, "h w 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "h2 w2 3"]:
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=2.0))


def _spans(length: int) -> list[tuple[int, int]]:
    """Where the tiles of a side begin and end: as few as reach, evenly spread, no longer than they must be."""
    if length <= SIDE:
        return [(0, length)]
    count = -(-(length - SHARED) // (SIDE - SHARED))
    shared = SHARED + 1  # a start is rounded
    span = min(SIDE, -(-(length + (count - 1) * shared) // (count * MULTIPLE)) * MULTIPLE)
    return [(start, start + span) for start in (round(value) for value in np.linspace(0, length - span, count))]
