"""The demo's second picture: whole photos as ``riddle encrypt`` and ``riddle decrypt`` leave them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from riddle_pl.demo.people import Person
from riddle_pl.demo.pipeline import PASSWORD_1, PASSWORD_2, WRONG_1
from riddle_pl.errors import RiddleError
from riddle_pl.key import KdfParams
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.reports import Encrypted, EncryptRequest

HEIGHT, GAP, HEADING, TEXT = 400, 8, 34, 20
COLUMNS = ("photo", "password 1", "password 2", "recovered", "a wrong password")

Pixels = UInt8[np.ndarray, "_h _w 3"]


def draw_photos(persons: Sequence[Person], pseudonymiser: Pseudonymiser, kdfs: Sequence[KdfParams]) -> Image.Image:
    """A row per person, a column per stage. A face that the gate refuses is shown as it would be published, covered.

    Args:
        persons: photos; every face in them is encrypted.
        pseudonymiser: as the commands build it.
        kdfs: of each photo.

    Raises:
        RiddleError: of the first photo that cannot be encrypted.
    """
    requests = [
        EncryptRequest(person.photo, password, kdf=kdf)
        for person, kdf in zip(persons, kdfs, strict=True)
        for password in (PASSWORD_1, PASSWORD_2)
    ]
    answers = [_encrypted(answer) for answer in pseudonymiser.encrypt_batch(requests)]
    rows = [
        [person.photo, *_processed(first, second, pseudonymiser)]
        for person, first, second in zip(persons, answers[::2], answers[1::2], strict=True)
    ]
    return _sheet([[_shown(photo) for photo in row] for row in rows])


def _encrypted(answer: Encrypted | RiddleError) -> Encrypted:
    if isinstance(answer, RiddleError):
        raise answer
    return answer


def _processed(first: Encrypted, second: Encrypted, pseudonymiser: Pseudonymiser) -> list[Pixels]:
    """Encrypted with both passwords, recovered, and with a wrong password if there is a record to decrypt."""
    row = [first.image, second.image]
    if first.record is None:
        return row
    return [*row, *(pseudonymiser.decrypt(first.record, password, first.image) for password in (PASSWORD_1, WRONG_1))]


def _shown(photo: Pixels) -> Image.Image:
    picture = Image.fromarray(photo)
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


def _sheet(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    widths = [
        max((row[column].width for row in rows if column < len(row)), default=0) for column in range(len(COLUMNS))
    ]
    size = (sum(widths) + GAP * (len(widths) + 1), HEADING + len(rows) * (HEIGHT + GAP))
    sheet, font = Image.new("RGB", size, "white"), ImageFont.load_default(TEXT)
    for column, name in enumerate(COLUMNS):
        left = GAP + sum(widths[:column]) + GAP * column
        ImageDraw.Draw(sheet).text((left + widths[column] // 2, HEADING - 8), name, "black", font, anchor="md")
        for number, row in enumerate(rows):
            if column < len(row):
                sheet.paste(row[column], (left, HEADING + number * (HEIGHT + GAP)))
    return sheet
