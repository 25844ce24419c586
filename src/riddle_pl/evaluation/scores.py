"""What is measured on the images: each judge takes them batch by batch and ends with rows of numbers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from riddle_pl.evaluation.calibration import Calibration
from riddle_pl.evaluation.detectors import Detector
from riddle_pl.evaluation.method import FaceImages
from riddle_pl.evaluation.metrics import (
    PSNR,
    DetectionRate,
    Estimate,
    FaceMean,
    IdentificationRate,
    MeanCosine,
    OtherPeopleRate,
    RankOneRate,
)
from riddle_pl.evaluation.recognisers import Recogniser


@dataclass(frozen=True)
class Comparison:
    """Two images of each face that are held against each other.

    Args:
        metric: what it says.
        image: name in :data:`FaceImages`.
        reference: name of the other.
        better: ``lower`` or ``higher``.
    """

    metric: str
    image: str
    reference: str
    better: str


IDENTITY = (
    Comparison("de-identification", "encrypted", "inversion", "lower"),
    Comparison("de-identification", "encrypted", "photo", "lower"),
    Comparison("recovery", "recovered", "inversion", "higher"),
    Comparison("recovery", "recovered", "photo", "higher"),
    Comparison("wrong password", "wrong", "inversion", "lower"),
    Comparison("wrong password", "wrong", "photo", "lower"),
    Comparison("wrong password", "wrong", "encrypted", "lower"),
    Comparison("one character off", "near_miss", "inversion", "lower"),
    Comparison("one character off", "near_miss", "photo", "lower"),
    Comparison("one character off", "near_miss", "encrypted", "lower"),
    Comparison("two passwords, one face", "encrypted", "encrypted_2", "lower"),
    Comparison("inversion", "inversion", "photo", "higher"),
)
"""Who is who, by a recogniser; see PROTOCOL's de-id, recovery and wrong-password rates."""

OTHER_PEOPLE = ("inversion", "photo")
"""Images of which two people's are compared, to see how often strangers pass as each other."""

QUALITY = (
    Comparison("PSNR", "recovered", "inversion", "higher"),
    Comparison("PSNR", "recovered", "photo", "higher"),
    Comparison("PSNR", "inversion", "photo", "higher"),
)

DETECTED = ("photo", "inversion", "encrypted", "recovered")
"""Images in which a face is looked for."""


@dataclass(frozen=True)
class Row:
    """One number of the report.

    Args:
        judge: recogniser or detector; empty for a measure of pixels.
        metric: what is measured.
        image: on which image.
        reference: against which other; empty where there is none.
        statistic: ``rate``, ``rank-1``, ``mean cosine`` or ``dB``.
        better: ``lower``, ``higher``, or empty.
        estimate: value, interval, count.
    """

    judge: str
    metric: str
    image: str
    reference: str
    statistic: str
    better: str
    estimate: Estimate


class Scores(ABC):
    """A judge at work."""

    @abstractmethod
    def update(self, images: FaceImages) -> None:
        """Takes the images of some more faces."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """The numbers over all faces so far."""


class RecogniserScores(Scores):
    """Every comparison of :data:`IDENTITY` by threshold, by rank and as a mean cosine; and strangers with each other.

    Args:
        recogniser: the judge; each image is embedded once.
        calibration: its threshold.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    def __init__(self, recogniser: Recogniser, calibration: Calibration, resamples: int, seed: int):
        self.recogniser = recogniser
        threshold = calibration.threshold
        self._metrics: list[tuple[Comparison, dict[str, FaceMean]]] = [
            (
                comparison,
                {
                    "rate": IdentificationRate(threshold, resamples=resamples, seed=seed),
                    "rank-1": RankOneRate(resamples=resamples, seed=seed),
                    "mean cosine": MeanCosine(resamples=resamples, seed=seed),
                },
            )
            for comparison in IDENTITY
        ]
        self._strangers = {name: OtherPeopleRate(threshold, resamples=resamples, seed=seed) for name in OTHER_PEOPLE}

    def update(self, images: FaceImages) -> None:
        sizes = [len(x) for x in images.values()]
        parts = self.recogniser.embed(torch.cat(list(images.values()))).float().cpu().split(sizes)
        embeddings = dict(zip(images, parts, strict=True))
        for comparison, metrics in self._metrics:
            for metric in metrics.values():
                metric.update(embeddings[comparison.image], embeddings[comparison.reference])
        for name, strangers in self._strangers.items():
            strangers.update(embeddings[name])

    def rows(self) -> list[Row]:
        judge = self.recogniser.name
        rows = [
            Row(judge, c.metric, c.image, c.reference, statistic, c.better, metric.compute())
            for c, metrics in self._metrics
            for statistic, metric in metrics.items()
        ]
        return rows + [
            Row(judge, "two different people", name, name, "rate", "", strangers.compute())
            for name, strangers in self._strangers.items()
        ]


class DetectorScores(Scores):
    """The share of images in which a face is found."""

    def __init__(self, detector: Detector, resamples: int, seed: int):
        self.detector = detector
        self._metrics = {name: DetectionRate(resamples=resamples, seed=seed) for name in DETECTED}

    def update(self, images: FaceImages) -> None:
        for name, metric in self._metrics.items():
            metric.update(self.detector.found(images[name]))

    def rows(self) -> list[Row]:
        return [
            Row(self.detector.name, "face detection", name, "", "rate", "higher", metric.compute())
            for name, metric in self._metrics.items()
        ]


class QualityScores(Scores):
    """Pixels against pixels."""

    def __init__(self, resamples: int, seed: int):
        self._metrics = [(comparison, PSNR(resamples=resamples, seed=seed)) for comparison in QUALITY]

    def update(self, images: FaceImages) -> None:
        for comparison, metric in self._metrics:
            metric.update(images[comparison.image], images[comparison.reference])

    def rows(self) -> list[Row]:
        return [
            Row("", c.metric, c.image, c.reference, "dB", c.better, metric.compute()) for c, metric in self._metrics
        ]
