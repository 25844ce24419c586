"""What a record holds of its picture outside of the faces, to recognise the picture, also when rotated or cropped.

Nothing in it depends on the password or on a code: it is measured on the published picture, beyond what is pasted.
"""

from dataclasses import dataclass

import numpy as np

from riddle_pl.errors import RecordError

GRID = 16
"""Cells of the coarse grey picture, along each side."""
MAX_POINTS = 100
PLACE_BYTES, DESCRIPTOR_BYTES = 4, 32
POINT_BYTES = PLACE_BYTES + DESCRIPTOR_BYTES


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The surroundings of the faces in one picture.

    Args:
        grid: mean grey of each of 16 x 16 cells; 0 where a face lies.
        points: a row for each of up to 100 distinctive points: x and y as u16, little-endian, in 65535ths of the
            picture's width and height, and an ORB descriptor (Rublee et al., 2011) of 256 bits.

    Raises:
        RecordError: other types or shapes.
    """

    grid: np.ndarray
    points: np.ndarray

    def __post_init__(self) -> None:
        if self.grid.dtype != np.uint8 or self.grid.shape != (GRID, GRID):
            raise RecordError(f"grid is {self.grid.dtype} {self.grid.shape}; expected uint8 {(GRID, GRID)}")
        points = self.points
        if points.dtype != np.uint8 or points.ndim != 2 or points.shape[1] != POINT_BYTES or len(points) > MAX_POINTS:
            raise RecordError(
                f"points is {points.dtype} {points.shape}; expected uint8 (at most {MAX_POINTS}, {POINT_BYTES})"
            )
