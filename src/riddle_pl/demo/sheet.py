"""The demo's one picture: a row per person, a labelled column per stage."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from riddle_pl.demo.figures import SHOWN, Figures
from riddle_pl.demo.pipeline import COLUMNS, DemoFace
from riddle_pl.faces.pixels import to_pixels

CELL = 256
GAP = 10
LEFT = 136
HEADING = 62
CAPTION = 34
FOOT = 40
TEXT = 21
INK, GOOD, BAD = "black", "#1a7f37", "#b42318"


def draw_sheet(demo_faces: Sequence[DemoFace], figures: Figures, footnote: str) -> Image.Image:
    """Draws the picture. Below each image stands whom the judge sees: below inversions with the photo as the reference,
    below the others with the inversion.

    Args:
        demo_faces: rows.
        figures: of these faces.
        footnote: last line.
    """
    font = ImageFont.load_default(TEXT)
    row_height = CELL + GAP + CAPTION
    width = LEFT + len(COLUMNS) * (CELL + GAP)
    sheet = Image.new("RGB", (width, HEADING + len(demo_faces) * row_height + FOOT), "white")
    draw = ImageDraw.Draw(sheet)
    for column, heading in enumerate(COLUMNS.values()):
        middle = LEFT + column * (CELL + GAP) + CELL // 2
        draw.multiline_text((middle, HEADING - 8), heading, INK, font, anchor="md", align="center", spacing=3)
    for row, demo_face in enumerate(demo_faces):
        top = HEADING + row * row_height
        draw.multiline_text((LEFT - GAP, top + CELL // 2), demo_face.name, INK, font, anchor="rm", align="right")
        for column, name in enumerate(COLUMNS):
            left = LEFT + column * (CELL + GAP)
            sheet.paste(Image.fromarray(to_pixels(demo_face.images[name][0], CELL)), (left, top))
            if name in SHOWN:
                text, colour = verdict(figures, name, row)
                draw.text((left + CELL // 2, top + CELL + 6), text, colour, font, anchor="mt")
    draw.text((LEFT, sheet.height - FOOT + 8), footnote, INK, font)
    return sheet


def verdict(figures: Figures, column: str, row: int) -> tuple[str, str]:
    """A caption and its colour: green where the method did what it should."""
    reference = "photo" if column == "inversion" else "inversion"
    same = figures.same_person(column, row, reference)
    words = f"{float(figures.cosines[reference][column][row]):.2f} {'same person' if same else 'another person'}"
    return words, GOOD if same == (column in ("inversion", "recovered")) else BAD
