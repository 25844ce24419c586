"""Pixel metrics of the recovered image: MSE, SSIM and PSNR."""

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Judgement, Row, Scores
from riddle_pl.judging.images import PHOTO, X_DEC, X
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import MSE, PSNR, SSIM, PerFace, measured

COMPARED = ((X_DEC, X), (X_DEC, PHOTO), (X, PHOTO))
"""Image and reference."""

METRICS = (
    (Measure.MSE, MSE, Statistic.MEAN, "lower"),
    (Measure.SSIM, SSIM, Statistic.MEAN, "higher"),
    (Measure.PSNR, PSNR, Statistic.DB, "higher"),
)
"""Name, class, statistic, and what is better."""


class QualityScores(Scores):
    """MSE, SSIM and PSNR of images in [0, 1], at the size that they come in.

    Args:
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    def __init__(self, resamples: int = 2000, seed: int = 0):
        self._metrics = [
            (name, statistic, better, image, reference, PerFace(resamples=resamples, seed=seed))
            for name, _metric, statistic, better in METRICS
            for image, reference in COMPARED
        ]

    def judge(self, images: FaceImages) -> Judgement:
        return {
            f"{name} {image} {reference}": measured(metric(), images[image], images[reference])
            for name, metric, *_ in METRICS
            for image, reference in COMPARED
            if image in images and reference in images
        }

    def add(self, judgement: Judgement) -> None:
        for name, *_, image, reference, metric in self._metrics:
            if f"{name} {image} {reference}" in judgement:
                metric.update(judgement[f"{name} {image} {reference}"])

    def rows(self) -> list[Row]:
        return [
            Row("", name, image, reference, statistic, better, metric.compute())
            for name, statistic, better, image, reference, metric in self._metrics
            if metric.update_called
        ]
