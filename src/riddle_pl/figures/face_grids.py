"""Grids with a row per face and a column per kind of image, as the paper's figures have them."""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from matplotlib.figure import Figure as Drawing
from torch import Tensor

from riddle_pl.figures.figure import Figure
from riddle_pl.figures.image_grid import draw_grid, picture, row_names
from riddle_pl.figures.traces import FaceTrace
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X_ENC2, X_NEAR_MISS, X_WRONG1, X

HEADINGS: Mapping[str, str] = {
    PHOTO: "original",
    X: "inversion",
    X_ENC1: "encrypted",
    X_ENC2: "encrypted,\nother password",
    X_DEC: "recovered",
    X_WRONG1: "wrong\npassword",
    X_NEAR_MISS: "one character\noff",
}
"""Names of :data:`riddle_pl.evaluation.methods.method.FaceImages` with their headings."""


def columns_there(faces: Sequence[FaceTrace], wanted: Sequence[str]) -> list[str]:
    """Those of the wanted images that at least one face has."""
    return [name for name in wanted if any(name in face.images for face in faces)]


def draw_faces(faces: Sequence[FaceTrace], columns: Sequence[str]) -> Drawing:
    """The grid; a place stays empty where a face lacks an image."""
    cells = [[picture(face.images.get(name)) for name in columns] for face in faces]
    return draw_grid(cells, [HEADINGS[name] for name in columns], [str(i + 1) for i in range(len(faces))])


# The paper's first grid: faces, inversions, and encryptions with two passwords.

ENCRYPTED_COLUMNS = (PHOTO, X, X_ENC1, X_ENC2)


def deidentification(faces: Sequence[FaceTrace]) -> Figure | None:
    """Original, inversion, encrypted; None where no face has an encrypted image."""
    columns = columns_there(faces, ENCRYPTED_COLUMNS)
    if X_ENC1 not in columns:
        return None
    return Figure(
        name="deidentification",
        title="De-identification",
        drawing=draw_faces(faces, columns),
        caption="Each row is a face. Encrypted faces should look like other, realistic people in the same pose. "
        + row_names([face.name for face in faces]),
        alt=f"Grid of {len(faces)} faces: the original beside its encrypted versions.",
    )


# The paper's second grid: recovery, and decryption with wrong passwords.

RECOVERED_COLUMNS = (PHOTO, X, X_ENC1, X_DEC, X_WRONG1, X_NEAR_MISS)


def recovery(faces: Sequence[FaceTrace]) -> Figure | None:
    """Encrypted, recovered, wrong; None where no face has a recovered or wrongly decrypted image."""
    columns = columns_there(faces, RECOVERED_COLUMNS)
    if not {X_DEC, X_WRONG1} & set(columns):
        return None
    return Figure(
        name="recovery",
        title="Recovery with the right and with wrong passwords",
        drawing=draw_faces(faces, columns),
        caption="Recovered faces should equal the inversion, where encryption starts; wrong passwords, even those "
        "that differ in one character, should give yet other people. " + row_names([face.name for face in faces]),
        alt=f"Grid of {len(faces)} faces: original, encrypted, recovered, and decrypted with wrong passwords.",
    )


# The paper's grid of many passwords.


def encryptions(faces: Sequence[FaceTrace]) -> Figure | None:
    """Each face encrypted with many passwords; None where there are none."""
    return _grid(
        [(face, face.encryptions) for face in faces if face.encryptions is not None],
        start=X,
        name="many_passwords",
        title="Many passwords, one face",
        caption="Each column is another password: within a row all should be different people, none the original.",
    )


def wrong_decryptions(faces: Sequence[FaceTrace]) -> Figure | None:
    """Each encrypted face tried with many wrong passwords; None where there are none."""
    return _grid(
        [(face, face.wrong) for face in faces if face.wrong is not None],
        start=X_ENC1,
        name="many_wrong_passwords",
        title="Many wrong passwords, one encrypted face",
        caption="Each column is another wrong password: within a row all should be different people, none of them the "
        "original or the encrypted face.",
    )


def _grid(
    rows: Sequence[tuple[FaceTrace, Float[Tensor, "p 3 h h"]]], start: str, name: str, title: str, caption: str
) -> Figure | None:
    count = max((len(images) for _, images in rows), default=0)
    if not count:
        return None
    cells = [
        [picture(face.images.get(PHOTO)), picture(face.images.get(start)), *(picture(x) for x in images)]
        for face, images in rows
    ]
    headings = ["original", start, *(str(i + 1) for i in range(count))]
    return Figure(
        name=name,
        title=title,
        drawing=draw_grid(cells, headings, [str(i + 1) for i in range(len(rows))], cell=(0.95, 0.95)),
        caption=f"{caption} {row_names([face.name for face, _ in rows])}",
        alt=f"Grid of {len(rows)} faces, each with {count} different passwords.",
    )
