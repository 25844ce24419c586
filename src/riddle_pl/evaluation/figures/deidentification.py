"""The paper's first grid: faces, their inversions, and the other people that two passwords turn them into."""

from collections.abc import Sequence

from riddle_pl.evaluation.figures.face_columns import columns_there, draw_faces
from riddle_pl.evaluation.figures.image_grid import row_names
from riddle_pl.evaluation.figures.plate import Plate
from riddle_pl.evaluation.traces import FaceTrace

COLUMNS = ("photo", "inversion", "encrypted", "encrypted_2")


def deidentification(faces: Sequence[FaceTrace]) -> Plate | None:
    """Original, inversion, encrypted; None where no face has an encrypted image."""
    columns = columns_there(faces, COLUMNS)
    if "encrypted" not in columns:
        return None
    return Plate(
        name="deidentification",
        title="De-identification",
        figure=draw_faces(faces, columns),
        caption="Each row is a face. Encrypted faces should look like other, realistic people in the same pose. "
        + row_names([face.name for face in faces]),
        alt=f"Grid of {len(faces)} faces: the original beside its encrypted versions.",
    )
