"""Metrics over faces, one idea a file. States gather over processes, and neither order nor batches matter.

All but :class:`FrechetDistance` average one value per face (:class:`FaceMean`) and end with an :class:`Estimate`.
"""

from riddle_pl.judging.metrics.detection import BoxDistance, DetectionRate, LandmarkDistance
from riddle_pl.judging.metrics.diversity import DifferentPeople, PairwiseDistance
from riddle_pl.judging.metrics.estimate import Estimate, bootstrap
from riddle_pl.judging.metrics.face_mean import FaceMean, PerFace, measured
from riddle_pl.judging.metrics.frechet import FrechetDistance
from riddle_pl.judging.metrics.identity import IdentificationRate, MeanCosine, OtherPeopleRate, RankOneRate
from riddle_pl.judging.metrics.perceptual import PerceptualDistance
from riddle_pl.judging.metrics.pixels import MSE, PSNR, SSIM

__all__ = [
    "MSE",
    "PSNR",
    "SSIM",
    "BoxDistance",
    "DetectionRate",
    "DifferentPeople",
    "Estimate",
    "FaceMean",
    "FrechetDistance",
    "IdentificationRate",
    "LandmarkDistance",
    "MeanCosine",
    "OtherPeopleRate",
    "PairwiseDistance",
    "PerFace",
    "PerceptualDistance",
    "RankOneRate",
    "bootstrap",
    "measured",
]
