"""Draws whole photos as `riddle encrypt` and `riddle decrypt` leave them: the picture of docs/photos.md.

    python scripts/photo_sheet.py docs/photos.jpg

Five synthetic people of PyPI's openpeople (MIT), pack mobile, its padded encryptor. Nonces and salts are random, so
that every run shows other people; what is committed is one run, and nobody's choice.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from riddle_pl.demo.openpeople import PEOPLE, fetch_photos, photographed_people
from riddle_pl.errors import RiddleError
from riddle_pl.faces.find import PhotoFaceDetector
from riddle_pl.files import atomic_write
from riddle_pl.packs import load_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.pseudonymise import Encrypted, EncryptRequest, Pseudonymiser

HEIGHT, GAP, HEADING, TEXT = 400, 8, 34, 20
QUALITY = 88
COLUMNS = ("photo", "one password", "another password", "recovered", "a wrong password")
FIRST, SECOND, WRONG = "correct horse", "battery staple", "Correct horse"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, help="JPEG to write")
    parser.add_argument("--pack", default="mobile", help="pack with a padded encryptor (mobile)")
    given = parser.parse_args()
    try:
        pseudonymiser = build_pseudonymiser(load_pack(given.pack))
        people = photographed_people(fetch_photos(progress=True), PhotoFaceDetector(), len(PEOPLE))
        sheet = drawn([row_of(person.photo, pseudonymiser) for person in people])
        with atomic_write(given.picture, overwrite=True) as temporary:
            sheet.save(temporary, "JPEG", quality=QUALITY, optimize=True)
    except RiddleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def row_of(photo: np.ndarray, pseudonymiser: Pseudonymiser) -> list[np.ndarray]:
    """A photo and what becomes of it; a face that the gate refuses is shown as it is published, covered."""
    first, second = (encrypted(photo, password, pseudonymiser) for password in (FIRST, SECOND))
    row = [photo, first.image, second.image]
    if first.record is None:
        return row
    return [*row, *(pseudonymiser.decrypt(first.record, password, first.image) for password in (FIRST, WRONG))]


def encrypted(photo: np.ndarray, password: str, pseudonymiser: Pseudonymiser) -> Encrypted:
    (answer,) = pseudonymiser.encrypt_batch([EncryptRequest(photo, password)])
    if isinstance(answer, RiddleError):
        raise answer
    return answer


def drawn(rows: list[list[np.ndarray]]) -> Image.Image:
    pictures = [[fitted(image) for image in row] for row in rows]
    widths = [max(row[column].width for row in pictures if column < len(row)) for column in range(len(COLUMNS))]
    size = (sum(widths) + GAP * (len(widths) + 1), HEADING + len(rows) * (HEIGHT + GAP))
    sheet, font = Image.new("RGB", size, "white"), ImageFont.load_default(TEXT)
    for column, name in enumerate(COLUMNS):
        left = GAP + sum(widths[:column]) + GAP * column
        ImageDraw.Draw(sheet).text((left + widths[column] // 2, HEADING - 8), name, "black", font, anchor="md")
        for number, row in enumerate(pictures):
            if column < len(row):
                sheet.paste(row[column], (left, HEADING + number * (HEIGHT + GAP)))
    return sheet


def fitted(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image)
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    sys.exit(main())
