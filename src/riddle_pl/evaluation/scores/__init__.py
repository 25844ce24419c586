"""What is measured on the images: each judge takes them batch by batch and ends with rows of numbers."""

from riddle_pl.evaluation.scores.assemble import assemble
from riddle_pl.evaluation.scores.base import Comparison, Row, Scores
from riddle_pl.evaluation.scores.detection import DetectorScores
from riddle_pl.evaluation.scores.diversity import DiversityScores
from riddle_pl.evaluation.scores.frechet import FrechetScores
from riddle_pl.evaluation.scores.identity import RecogniserScores
from riddle_pl.evaluation.scores.perceptual import PerceptualScores
from riddle_pl.evaluation.scores.quality import QualityScores

__all__ = [
    "Comparison",
    "DetectorScores",
    "DiversityScores",
    "FrechetScores",
    "PerceptualScores",
    "QualityScores",
    "RecogniserScores",
    "Row",
    "Scores",
    "assemble",
]
