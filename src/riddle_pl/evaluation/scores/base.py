"""A judge at work: it takes images batch by batch and ends with rows of numbers."""

from abc import ABC, abstractmethod

from riddle_pl.evaluation.method import FaceImages
from riddle_pl.evaluation.scores.row import Row


class Scores(ABC):
    """Takes images, keeps no image, and gives the rows for which it was shown images."""

    @abstractmethod
    def update(self, images: FaceImages) -> None:
        """Takes the images of some more faces."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """The numbers over all faces so far; none for images that the method does not make."""
