"""The demo's one picture: a row per person, a labelled column per stage."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from riddle_pl.demo.journey import COLUMNS, Journey
from riddle_pl.photos.pixels import to_pixels

CELL = 176
GAP = 8
LEFT = 100
HEADING = 46
CAPTION = 22
FOOT = 30
TEXT = 13
INK, GOOD, BAD = "black", "#1a7f37", "#b42318"


def draw_sheet(
    journeys: Sequence[Journey],
    cosines: Sequence[Mapping[str, float]] | None = None,
    threshold: float = 1.0,
    footnote: str = "",
) -> Image.Image:
    """Draws the picture.

    Args:
        journeys: rows.
        cosines: for each row the cosine to the inversion by column, written below the images; None leaves them out.
        threshold: cosines above it mean the same person.
        footnote: last line.
    """
    font = ImageFont.load_default(TEXT)
    row_height = CELL + GAP + (CAPTION if cosines is not None else 0)
    width = LEFT + len(COLUMNS) * (CELL + GAP)
    sheet = Image.new("RGB", (width, HEADING + len(journeys) * row_height + FOOT), "white")
    draw = ImageDraw.Draw(sheet)
    for column, heading in enumerate(COLUMNS.values()):
        middle = LEFT + column * (CELL + GAP) + CELL // 2
        draw.multiline_text((middle, HEADING - 6), heading, INK, font, anchor="md", align="center", spacing=2)
    for row, journey in enumerate(journeys):
        top = HEADING + row * row_height
        draw.multiline_text((LEFT - GAP, top + CELL // 2), journey.name, INK, font, anchor="rm", align="right")
        for column, name in enumerate(COLUMNS):
            left = LEFT + column * (CELL + GAP)
            sheet.paste(Image.fromarray(_cell(journey.images[name])), (left, top))
            if cosines is not None and name in cosines[row]:
                text, colour = verdict(name, cosines[row][name], threshold)
                draw.text((left + CELL // 2, top + CELL + 3), text, colour, font, anchor="mt")
    draw.text((LEFT, sheet.height - FOOT + 8), footnote, INK, font)
    return sheet


def verdict(name: str, cosine: float, threshold: float) -> tuple[str, str]:
    """A caption and its colour: green where the method did what it should."""
    same = cosine > threshold
    return f"{cosine:.2f} {'same person' if same else 'another person'}", GOOD if same == (name == "recovered") else BAD


def _cell(x: Float[Tensor, "1 3 h h"]) -> np.ndarray:
    enlarged = F.interpolate(x, (CELL, CELL), mode="bicubic", antialias=True, align_corners=False)
    return to_pixels(enlarged[0])
