"""Cosine similarities of the demo's images, by the recogniser that judges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from rich.table import Table
from torch import Tensor

from riddle_pl.demo.pipeline import COLUMNS, DemoFace
from riddle_pl.judging.gate_judges import GateJudge
from riddle_pl.judging.metrics.diversity import pair_cosines

REFERENCES = ("photo", "inversion")
"""What images are compared with."""

SHOWN = tuple(column for column in COLUMNS if column != "photo")
"""Images that are compared."""


@dataclass(frozen=True, eq=False)
class Figures:
    """Cosines of images, in the order of the faces: ``cosines["photo"]["recovered"][0]`` is the first person's.

    Args:
        judge: name of the recogniser.
        threshold: cosines above it mean the same person.
        cosines: by reference and column.
        pairs: by column, of each two people's images in it.
    """

    judge: str
    threshold: float
    cosines: Mapping[str, Mapping[str, Float[Tensor, "b"]]]
    pairs: Mapping[str, Float[Tensor, "p"]]

    def same_person(self, column: str, row: int, reference: str = "inversion") -> bool:
        """Whether the judge takes an image for the person of the reference."""
        return bool(self.cosines[reference][column][row] > self.threshold)


def measure(demo_faces: Sequence[DemoFace], judge: GateJudge) -> Figures:
    """Every image against its photo, its inversion, and the others of its column."""
    embeddings = {
        column: F.normalize(judge.embed(torch.cat([demo_face.images[column] for demo_face in demo_faces])), dim=1)
        for column in COLUMNS
    }
    cosines = {
        reference: {column: (e * embeddings[reference]).sum(dim=1) for column, e in embeddings.items()}
        for reference in REFERENCES
    }
    pairs = {column: pair_cosines(e) for column, e in embeddings.items()}
    return Figures(judge.name, judge.same_person, cosines, pairs)


def table_of(figures: Figures) -> Table:
    """Means and counts by column; of each two people in a column too, who have one password and a salt each."""
    table = Table(
        "",
        *(COLUMNS[column] for column in SHOWN),
        title=f"Mean cosine, and faces taken for the same person (cosine above {figures.threshold:.3f}, as 1 in 1000 "
        f"pairs of strangers have on LFW). GateJudge: {figures.judge}",
        title_justify="left",
    )
    for reference, of_column in figures.cosines.items():
        cells = [_cell(of_column[column], figures.threshold) for column in SHOWN if column != reference]
        table.add_row(f"with the {reference}", *[""] * (len(SHOWN) - len(cells)), *cells)
    pairs = [_cell(figures.pairs[column], figures.threshold) for column in SHOWN]
    table.add_row("two people, same column", *pairs)
    return table


def _cell(cosines: Float[Tensor, "k"], threshold: float) -> str:
    mean = f"{float(cosines.mean()):.3f}  " if len(cosines) else ""
    return f"{mean}{int((cosines > threshold).sum())} of {len(cosines)}"
