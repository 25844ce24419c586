"""A copy of a photo with the faces that were found in it, their indices, and the gate's verdict on each."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from riddle_pl.faces.load import load_image
from riddle_pl.files import require_writable_dir
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.metadata import marked
from riddle_pl.photos.jobs.origin import Mark
from riddle_pl.photos.jobs.outputs import save_picture
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.jobs.read import fit
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.reports import FaceReport

PASSES, REFUSED = (0, 158, 115), (213, 94, 0)
"""Colours that colour-blind people tell apart, of the faces that the gate lets pass so far and of the others."""
TEXT_SHARE = 1 / 40
"""Height of the text, as a share of the photo's shorter side."""
MIN_TEXT = 10


def write_preview(task: Task, pseudonymiser: Pseudonymiser, max_size: int | None, force: bool) -> list[FaceReport]:
    """Looks at a photo and writes its preview; returns what was found.

    It carries a mark, so that it is not taken for a photo to encrypt.

    Args:
        max_size: see :func:`riddle_pl.photos.jobs.read.fit`.

    Raises:
        PhotoError: the photo cannot be read, or shows no face.
        FileError: the preview cannot be written.
    """
    photo = fit(load_image(task.photo), max_size)
    reports = pseudonymiser.analyse(photo, str(task.photo))
    require_writable_dir(task.picture.parent, "output folder", create=True)
    note = marked(None, Mark.of(b"preview"))
    save_picture(drawn(photo, reports), task.picture, force, note=note, compression=Compression(like=task.photo))
    return reports


def drawn(photo: UInt8[np.ndarray, "h w 3"], reports: Sequence[FaceReport]) -> UInt8[np.ndarray, "h w 3"]:
    """A copy with a box around each face, its index, and why it would be refused."""
    picture = Image.fromarray(photo)
    pen = ImageDraw.Draw(picture)
    size = max(MIN_TEXT, round(min(picture.size) * TEXT_SHARE))
    font = ImageFont.load_default(size)
    for report in reports:
        colour = PASSES if report.refusal is None else REFUSED
        left, top, right, bottom = (round(float(value)) for value in report.face.box)
        pen.rectangle((left, top, right, bottom), outline=colour, width=max(1, size // 6))
        text = str(report.index)
        if report.refusal is not None:
            text += f" {str(report.refusal.reason).replace('_', ' ')}"
        box = pen.textbbox((0, 0), text, font=font)
        x = max(0, min(left, picture.width - round(box[2])))
        y = top - size - size // 2 if top >= size + size // 2 else min(bottom, picture.height - size - size // 2)
        pen.rectangle((x, y, x + box[2] + size // 3, y + size + size // 2), fill=colour)
        pen.text((x + size // 6, y + size // 8), text, fill="white", font=font)
    return np.asarray(picture)
