"""A named number of an audit or an attack."""

from dataclasses import dataclass

from riddle_pl.evaluation.report.table import Number
from riddle_pl.judging.metrics import Estimate


@dataclass(frozen=True)
class Measurement:
    """One number.

    Args:
        section: heading that it stands under; of an attack, none.
        name: what it is.
        value: mean, rate, median, seconds, ...
        low: lower end of its 95 % interval; None where it has none.
        high: upper end.
        count: how many faces, images, pairs or runs it was measured on.
        better: ``lower``, ``higher``, or empty.
        digits: after the point.
        chance: of an attack: what it would be if records told nothing.
        clear: of an attack: what it would be if records held the codes as they are.
    """

    section: str
    name: str
    value: float
    low: float | None
    high: float | None
    count: int
    better: str = ""
    digits: int = 3
    chance: float | None = None
    clear: float | None = None

    @classmethod
    def of(cls, section: str, name: str, estimate: Estimate, better: str = "", digits: int = 3) -> "Measurement":
        """From a mean and its interval."""
        return cls(section, name, *estimate, better, digits)

    @classmethod
    def plain(
        cls, section: str, name: str, value: float, count: int, better: str = "", digits: int = 3
    ) -> "Measurement":
        """A number without an interval."""
        return cls(section, name, value, None, None, count, better, digits)

    @property
    def number(self) -> Number:
        """As a cell of a table."""
        return Number(self.value, self.low, self.high, self.count, self.digits)
