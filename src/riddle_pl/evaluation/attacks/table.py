"""All figures in one table, with a column per encryptor."""

from collections.abc import Mapping, Sequence

from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.evaluation.report.tables import Line, Table

READING = (
    "Chance: if records told nothing; in clear: if they held the codes as they are. In brackets: 95 % interval "
    "(bootstrap over faces). A break shows; where nothing shows, a better attack may still find something"
)


def attack_table(found: Mapping[str, Mapping[str, Sequence[Measurement]]], notes: Sequence[str]) -> Table:
    """A line per attack and figure, with empty cells where an encryptor has none.

    Args:
        found: figures by encryptor and attack.
        notes: below the table.
    """
    rows = dict.fromkeys((name, f.name) for attacks in found.values() for name, fs in attacks.items() for f in fs)
    order = list(dict.fromkeys(name for attacks in found.values() for name in attacks))
    lines = []
    for name, figure in sorted(rows, key=lambda row: order.index(row[0])):
        cells = [_pick(attacks.get(name, ()), figure) for attacks in found.values()]
        labels = [name, figure, *(_side(cells, side) for side in ("chance", "clear"))]
        lines.append(Line(labels, [None if cell is None else cell.number for cell in cells]))
    labels = ["attack", "figure", "chance", "in clear"]
    return Table("attacks", "Attacks without a password", labels, list(found), lines, [READING, *notes])


def _pick(figures: Sequence[Measurement], name: str) -> Measurement | None:
    return next((figure for figure in figures if figure.name == name), None)


def _side(cells: Sequence[Measurement | None], side: str) -> str:
    """Reference values of a figure, joined where encryptors differ."""
    values = [(getattr(cell, side), cell.digits) for cell in cells if cell is not None]
    return " / ".join(dict.fromkeys(f"{value:.{digits}f}" for value, digits in values if value is not None))
