"""Detection rate, and displacement of boxes and landmarks."""

from riddle_pl.evaluation.methods.method import FaceImages
from riddle_pl.evaluation.scores.base import Comparison, Judgement, Row, Scores
from riddle_pl.judging.detectors import Detections, Detector
from riddle_pl.judging.images import PHOTO, X_DEC, X_ENC1, X
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import BoxDistance, DetectionRate, LandmarkDistance

DETECTED = (PHOTO, X, X_ENC1, X_DEC)
"""Images in which a face is looked for."""

MOVED = (
    (X_ENC1, X),
    (X_ENC1, PHOTO),
    (X_DEC, X),
    (X_DEC, PHOTO),
    (X, PHOTO),
)
"""Image and reference of the distances."""


class DetectorScores(Scores):
    """Share of images in which a face is found; distances of boxes and landmarks where it is found in both images.

    Args:
        detector: looks at each image once.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    def __init__(self, detector: Detector, resamples: int = 2000, seed: int = 0):
        self.detector = detector
        self._rates = {name: DetectionRate(resamples=resamples, seed=seed) for name in DETECTED}
        self._moved = [
            (
                Comparison(what, image, reference, "lower"),
                BoxDistance(resamples=resamples, seed=seed)
                if what is Measure.BOX_DISTANCE
                else LandmarkDistance(resamples=resamples, seed=seed),
            )
            for what in (Measure.BOX_DISTANCE, Measure.LANDMARK_DISTANCE)
            for image, reference in MOVED
        ]

    def judge(self, images: FaceImages) -> Judgement:
        found = {name: self.detector.locate(images[name]) for name in DETECTED if name in images}
        boxes = {f"{name} boxes": where.boxes for name, where in found.items()}
        return boxes | {f"{name} points": where.points for name, where in found.items()}

    def add(self, judgement: Judgement) -> None:
        shown = [name for name in DETECTED if f"{name} boxes" in judgement]
        found = {name: Detections(judgement[f"{name} boxes"], judgement[f"{name} points"]) for name in shown}
        for name, where in found.items():
            self._rates[name].update(where.found)
        for c, metric in self._moved:
            if c.image in found and c.reference in found:
                a, b = found[c.image], found[c.reference]
                if isinstance(metric, BoxDistance):
                    metric.update(a.boxes, b.boxes)
                else:
                    metric.update(a.points, b.points)

    def rows(self) -> list[Row]:
        judge = self.detector.name
        rates = [
            Row(judge, Measure.FACE_DETECTION, name, "", Statistic.RATE, "higher", metric.compute())
            for name, metric in self._rates.items()
            if metric.update_called
        ]
        return rates + [
            Row(judge, c.metric, c.image, c.reference, Statistic.PX, c.better, metric.compute())
            for c, metric in self._moved
            if metric.update_called
        ]
