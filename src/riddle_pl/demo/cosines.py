"""How alike the demo's images are, by a recogniser that had no part in training the encryptor."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from rich.table import Table

from riddle_pl.demo.journey import COMPARED, Journey
from riddle_pl.demo.sheet import GOOD, verdict
from riddle_pl.evaluation.dlib_recogniser import DlibRecogniser

Cosines = Mapping[str, float]


def cosines_to_inversion(journey: Journey, recogniser: DlibRecogniser) -> Cosines:
    """Cosine of each image's embedding with the inversion's.

    Raises:
        ConfigError: dlib is not installed.
    """
    names = ("inversion", *COMPARED)
    embeddings = F.normalize(recogniser.embed(torch.cat([journey.images[name] for name in names])), dim=1)
    values = (embeddings[1:] @ embeddings[0]).tolist()
    return dict(zip(COMPARED, values, strict=True))


def cosine_table(journeys: Sequence[Journey], cosines: Sequence[Cosines], threshold: float) -> Table:
    """The cosines with their verdicts in colour."""
    table = Table(
        "",
        *(name.replace("_", " ") for name in COMPARED),
        title=f"Cosine to the inversion, by dlib's recogniser (same person: above {threshold:.3f})",
        title_justify="left",
    )
    for journey, row in zip(journeys, cosines, strict=True):
        cells = []
        for name in COMPARED:
            colour = "green" if verdict(name, row[name], threshold)[1] == GOOD else "red"
            cells.append(f"[{colour}]{row[name]:.3f}[/{colour}]")
        table.add_row(journey.name.replace("\n", " "), *cells)
    return table
