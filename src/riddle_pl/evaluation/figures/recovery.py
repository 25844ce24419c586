"""The paper's second grid: recovery with the right password, and what wrong ones give."""

from collections.abc import Sequence

from riddle_pl.evaluation.figures.face_columns import columns_there, draw_faces
from riddle_pl.evaluation.figures.image_grid import row_names
from riddle_pl.evaluation.figures.plate import Plate
from riddle_pl.evaluation.traces import FaceTrace

COLUMNS = ("photo", "inversion", "encrypted", "recovered", "wrong", "near_miss")


def recovery(faces: Sequence[FaceTrace]) -> Plate | None:
    """Encrypted, recovered, wrong; None where no face has a recovered or wrongly decrypted image."""
    columns = columns_there(faces, COLUMNS)
    if not {"recovered", "wrong"} & set(columns):
        return None
    return Plate(
        name="recovery",
        title="Recovery with the right and with wrong passwords",
        figure=draw_faces(faces, columns),
        caption="Recovered faces should equal the inversion, where encryption starts; wrong passwords, even those "
        "that differ in one character, should give yet other people. " + row_names([face.name for face in faces]),
        alt=f"Grid of {len(faces)} faces: original, encrypted, recovered, and decrypted with wrong passwords.",
    )
