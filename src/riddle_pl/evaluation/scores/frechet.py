"""Fréchet distances of a method's images to real ones: FID, or the same distance on other features."""

from typing import Protocol

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Judgement, Row, Scores
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import FrechetDistance

COMPARED = ((X_ENC1, PHOTO), (X_ENC1, X), (X_DEC, PHOTO), (X, PHOTO))
"""Image and reference."""


class Embedder(Protocol):
    """A recogniser, or Inception."""

    name: str

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b d"]:
        """Features of images in [-1, 1]."""
        ...


class FrechetScores(Scores):
    """The Fréchet distance of two kinds of images in the features of a network.

    Args:
        features: of the images.
        metric: ``FID`` if the features are Inception's of 2015, else ``FD``.
    """

    def __init__(self, features: Embedder, metric: Measure):
        self.features = features
        self.metric = metric
        self._metrics: dict[tuple[str, str], FrechetDistance] = {}

    def judge(self, images: FaceImages) -> Judgement:
        pairs = [pair for pair in COMPARED if all(name in images for name in pair)]
        names = dict.fromkeys(name for pair in pairs for name in pair)
        return {name: self.features.embed(images[name]).cpu() for name in names}

    def add(self, judgement: Judgement) -> None:
        for image, reference in COMPARED:
            if image in judgement and reference in judgement:
                length = judgement[image].shape[1]
                metric = self._metrics.setdefault((image, reference), FrechetDistance(length))
                metric.update(judgement[image], judgement[reference])

    def rows(self) -> list[Row]:
        return [
            Row(self.features.name, self.metric, image, reference, Statistic.DISTANCE, "lower", metric.compute())
            for (image, reference), metric in self._metrics.items()
        ]
