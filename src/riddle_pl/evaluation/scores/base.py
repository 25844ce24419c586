"""Base of the scores: images batch by batch, then one row per number."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import Estimate


@dataclass(frozen=True)
class Comparison:
    """Two images of each face that are compared.

    Args:
        metric: what the comparison measures.
        image: name in :data:`riddle_pl.evaluation.methods.method.FaceImages`.
        reference: name of the other.
        better: ``lower`` or ``higher``.
    """

    metric: Measure
    image: str
    reference: str
    better: str


@dataclass(frozen=True)
class Row:
    """One number of the report. Its measure, image, reference and statistic name it: tables select rows by them.

    Args:
        judge: recogniser, detector or features; empty for a measure of pixels.
        metric: what is measured.
        image: on which image.
        reference: against which other; empty where there is none.
        statistic: as which number.
        better: ``lower``, ``higher``, or empty.
        estimate: value, interval, count.
    """

    judge: str
    metric: Measure
    image: str
    reference: str
    statistic: Statistic
    better: str
    estimate: Estimate

    @property
    def title(self) -> str:
        """The measure's name; a Fréchet distance on other features than Inception's has theirs behind it."""
        return f"{self.metric}-{self.judge}" if self.metric is Measure.FD else str(self.metric)


Judgement = Mapping[str, Tensor]
"""Output of a judge for some faces, as needed for its rows."""


class Scores(ABC):
    """Accumulates judgements of images and gives rows.

    ``judge`` is slow and stateless, so that other processes can do it; ``add`` is fast and stateful.
    """

    @abstractmethod
    def judge(self, images: FaceImages) -> Judgement:
        """Looks at the images of some faces."""

    @abstractmethod
    def add(self, judgement: Judgement) -> None:
        """Accumulates a judgement of :meth:`judge`."""

    def update(self, images: FaceImages) -> None:
        """Takes the images of some more faces."""
        self.add(self.judge(images))

    @abstractmethod
    def rows(self) -> list[Row]:
        """The numbers over all faces so far; none for images that the method does not make."""
