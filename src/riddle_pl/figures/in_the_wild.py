"""The paper's grid of whole photos: the face replaced in its place, and brought back."""

from collections.abc import Sequence

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.image_grid import draw_grid, row_names
from riddle_pl.figures.traces import WholePhoto

COLUMNS = ("photo", "encrypted", "recovered", "wrong password")
WIDTH = 1.9
"""Of a photo, in inches."""
TALLEST = 1.5
"""Height over width; taller photos are squeezed to it."""


def in_the_wild(photos: Sequence[WholePhoto]) -> Figure | None:
    """Whole photos before and after; None without photos."""
    if not photos:
        return None
    height, width, _ = max((photo.original.shape for photo in photos), key=lambda shape: shape[0] / shape[1])
    return Figure(
        name="in_the_wild",
        title="In the wild: whole photos",
        drawing=draw_grid(
            [[p.original, p.anonymised, p.recovered, p.wrong] for p in photos],
            COLUMNS,
            [str(i + 1) for i in range(len(photos))],
            cell=(WIDTH, WIDTH * min(height / width, TALLEST)),
        ),
        caption="The faces of each photo are found, aligned, encrypted and pasted back, as `riddle encrypt` "
        "does it; `riddle decrypt` recovers them. Everything outside the faces stays as it was. "
        + row_names([photo.name for photo in photos]),
        alt=f"{len(photos)} whole photos: as they were, encrypted, recovered, and decrypted with a wrong password.",
    )
