"""Perceptual distances: LPIPS, or the distance in a pack's own features."""

import torch
from torch import Tensor

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Judgement, Row, Scores
from riddle_pl.evaluation.scores.quality import COMPARED
from riddle_pl.judging.features import PerceptualFeatures
from riddle_pl.judging.measures import Statistic
from riddle_pl.judging.metrics import PerceptualDistance, PerFace, measured


class PerceptualScores(Scores):
    """The distance in the feature maps of a network, under the network's name: ``LPIPS (VGG)``, ``pack_features``.

    Args:
        features: each image goes through once.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    def __init__(self, features: PerceptualFeatures, resamples: int = 2000, seed: int = 0):
        self.features = features
        self._metrics = {pair: PerFace(resamples=resamples, seed=seed) for pair in COMPARED}

    @torch.no_grad()
    def judge(self, images: FaceImages) -> Judgement:
        pairs = [pair for pair in COMPARED if all(name in images for name in pair)]
        maps: dict[str, list[Tensor]] = {
            name: self.features.maps(images[name]) for name in dict.fromkeys(name for pair in pairs for name in pair)
        }
        return {f"{image} {ref}": measured(PerceptualDistance(), maps[image], maps[ref]) for image, ref in pairs}

    def add(self, judgement: Judgement) -> None:
        for (image, reference), metric in self._metrics.items():
            if f"{image} {reference}" in judgement:
                metric.update(judgement[f"{image} {reference}"])

    def rows(self) -> list[Row]:
        return [
            Row("", self.features.measure, image, reference, Statistic.MEAN, "lower", metric.compute())
            for (image, reference), metric in self._metrics.items()
            if metric.update_called
        ]
