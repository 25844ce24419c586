"""A table of numbers with intervals, whatever it is written as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riddle_pl.judging.metrics import Estimate


@dataclass(frozen=True)
class Number:
    """A measured number, or one of the paper's, which has no interval and no count.

    Args:
        value: NaN where there was nothing to measure.
        low: end of the 95 % interval.
        high: other end.
        count: faces, or training seeds in the ablation.
        digits: after the point.
    """

    value: float
    low: float | None = None
    high: float | None = None
    count: int | None = None
    digits: int = 3

    @staticmethod
    def of(estimate: Estimate, digits: int = 3) -> "Number":
        """An estimate as a number of a table."""
        return Number(estimate.mean, estimate.low, estimate.high, estimate.faces, digits)

    def __str__(self) -> str:
        if self.count == 0:
            return "no face"
        if self.low is None or self.high is None or self.low != self.low:  # NaN: no interval
            return f"{self.value:.{self.digits}f}"
        return f"{self.value:.{self.digits}f} [{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"


@dataclass(frozen=True)
class Line:
    """One line of a table.

    Args:
        labels: what is measured, one text per label column.
        numbers: one per number column; None where there is none.
        source: what the numbers come from, by name: checkpoint's sha256, seed, ...; empty for the paper's.
    """

    labels: Sequence[str]
    numbers: Sequence[Number | None]
    source: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Lines of labels and numbers.

    Args:
        name: of its files.
        title: above it.
        labels: titles of the label columns.
        columns: titles of the number columns.
        lines: from top to bottom.
        notes: sentences below it: what its numbers depend on.
    """

    name: str
    title: str
    labels: Sequence[str]
    columns: Sequence[str]
    lines: Sequence[Line]
    notes: Sequence[str] = ()

    @property
    def head(self) -> list[str]:
        """Titles of all columns."""
        return [*self.labels, *self.columns]

    def cells(self, line: Line) -> list[str]:
        """The texts of a line."""
        return [*line.labels, *("" if number is None else str(number) for number in line.numbers)]
