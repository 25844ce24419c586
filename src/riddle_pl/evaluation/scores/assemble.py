"""Which scores each judge keeps."""

from collections.abc import Sequence

from riddle_pl.evaluation.scores.base import Scores
from riddle_pl.evaluation.scores.detection import DetectorScores
from riddle_pl.evaluation.scores.frechet import FrechetScores
from riddle_pl.evaluation.scores.identity import RecogniserScores
from riddle_pl.evaluation.scores.perceptual import PerceptualScores
from riddle_pl.evaluation.scores.quality import QualityScores
from riddle_pl.judging.detectors import Detector
from riddle_pl.judging.features import InceptionFeatures, PerceptualFeatures
from riddle_pl.judging.measures import Measure


def assemble(
    identities: Sequence[RecogniserScores],
    detectors: Sequence[Detector],
    perceptual: Sequence[PerceptualFeatures],
    frechet: Sequence[InceptionFeatures],
    resamples: int,
    seed: int,
) -> list[Scores]:
    """The scores to show every batch, in the order of the report; those of ``identities`` are among them.

    Beside FID, the Fréchet distance is given in the features of each recogniser. Two entries of ``perceptual`` that
    are the same measure (a pack's own is LPIPS) count once.
    """
    named = {features.name: features for features in perceptual}
    return [
        *identities,
        *(DetectorScores(detector, resamples, seed) for detector in detectors),
        QualityScores(resamples, seed),
        *(PerceptualScores(features, resamples, seed) for features in named.values()),
        *(FrechetScores(features, Measure.FID) for features in frechet),
        *(FrechetScores(i.recogniser, Measure.FD) for i in identities),
    ]
