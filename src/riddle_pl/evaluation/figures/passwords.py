"""The paper's grid of many passwords: how many people one face becomes."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.figures.image_grid import draw_grid, picture, row_names
from riddle_pl.evaluation.figures.plate import Plate
from riddle_pl.evaluation.traces import FaceTrace


def encryptions(faces: Sequence[FaceTrace]) -> Plate | None:
    """Each face encrypted with many passwords; None where there are none."""
    return _plate(
        [(face, face.encryptions) for face in faces if face.encryptions is not None],
        start="inversion",
        name="many_passwords",
        title="Many passwords, one face",
        caption="Each column is another password: within a row all should be different people, none the original.",
    )


def wrong_decryptions(faces: Sequence[FaceTrace]) -> Plate | None:
    """Each encrypted face tried with many wrong passwords; None where there are none."""
    return _plate(
        [(face, face.wrong) for face in faces if face.wrong is not None],
        start="encrypted",
        name="many_wrong_passwords",
        title="Many wrong passwords, one encrypted face",
        caption="Each column is another wrong password: within a row all should be different people, none of them the "
        "original or the encrypted face.",
    )


def _plate(
    rows: Sequence[tuple[FaceTrace, Float[Tensor, "p 3 h h"]]], start: str, name: str, title: str, caption: str
) -> Plate | None:
    count = max((len(images) for _, images in rows), default=0)
    if not count:
        return None
    cells = [
        [picture(face.images.get("photo")), picture(face.images.get(start)), *(picture(x) for x in images)]
        for face, images in rows
    ]
    headings = ["original", start, *(str(i + 1) for i in range(count))]
    return Plate(
        name=name,
        title=title,
        figure=draw_grid(cells, headings, [str(i + 1) for i in range(len(rows))], cell=(0.95, 0.95)),
        caption=f"{caption} {row_names([face.name for face, _ in rows])}",
        alt=f"Grid of {len(rows)} faces, each with {count} different passwords.",
    )
