"""A grid with a row per face and a column per kind of image."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from riddle_pl.evaluation.figures.image_grid import draw_grid, picture
from riddle_pl.evaluation.traces import FaceTrace

HEADINGS: Mapping[str, str] = {
    "photo": "original",
    "inversion": "inversion",
    "encrypted": "encrypted",
    "encrypted_2": "encrypted,\nother password",
    "recovered": "recovered",
    "wrong": "wrong\npassword",
    "near_miss": "one character\noff",
}
"""Names of :data:`riddle_pl.evaluation.method.FaceImages` with their headings."""


def columns_there(faces: Sequence[FaceTrace], wanted: Sequence[str]) -> list[str]:
    """Those of the wanted images that at least one face has."""
    return [name for name in wanted if any(name in face.images for face in faces)]


def draw_faces(faces: Sequence[FaceTrace], columns: Sequence[str]) -> Figure:
    """The grid; a place stays empty where a face lacks an image."""
    cells = [[picture(face.images.get(name)) for name in columns] for face in faces]
    return draw_grid(cells, [HEADINGS[name] for name in columns], [str(i + 1) for i in range(len(faces))])
