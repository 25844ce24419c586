"""The pictures of a generator's audit."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.auditing.audit import Picture
from riddle_pl.auditing.memorisation import Nearest
from riddle_pl.auditing.samples import codes, sheet, style_mixing, truncation_strip
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.pretraining.faces import FaceSet, to_float

SHEET = 48
COLUMNS = 8
CLOSEST = 16
ROWS = 6
"""People of the truncation strip, and rows of the style-mixing picture."""


def sample_pictures(
    generator: FaceGenerator, samples: Mapping[str, Float[Tensor, "n 3 h h"]], seed: int
) -> list[Picture]:
    """Contact sheets, truncation and style mixing; all of them show nobody."""
    w = codes(generator, ROWS + COLUMNS, seed + 1)
    sheets = [
        Picture(f"samples_{_slug(name)}", f"Random people, {name}, not chosen", sheet(x[:SHEET], COLUMNS), True)
        for name, x in samples.items()
    ]
    return [
        *sheets,
        Picture(
            "truncation", "Truncation: psi 0 to 1.2 from left to right", truncation_strip(generator, w[:ROWS]), True
        ),
        Picture(
            "style_mixing",
            "Style mixing: coarse layers of the person on the left, fine ones of the person above",
            style_mixing(generator, w, ROWS),
            True,
        ),
    ]


def closest_picture(judge: str, name: str, x: Float[Tensor, "n 3 h h"], near: Nearest, train: FaceSet) -> Picture:
    """The samples that are nearest to a training face, each beside it. It shows data, so no card may have it."""
    best = near.cosine.topk(min(CLOSEST, len(x))).indices
    pairs = torch.stack([x[best], to_float(train.images[near.face[best]])], dim=1).flatten(0, 1)
    caption = f"Samples at {name} nearest to a training face by {judge}, each left of that face"
    return Picture(f"closest_{judge}_{_slug(name)}", caption, sheet(pairs, COLUMNS), False)


def _slug(name: str) -> str:
    return name.replace(" ", "_")
