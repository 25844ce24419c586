"""Faces of plain colours, and judges that see them."""

from collections import defaultdict

import torch

from riddle_pl.judging.detectors import Detections
from riddle_pl.judging.pairs import PairSimilarities
from tests.evaluation.fakes import FakeRecogniser

PERSON, STRANGER, THIRD = torch.eye(3)

PAIRS = PairSimilarities(torch.tensor([0.5, 0.9]), torch.tensor([False, True]), "two pairs")
"""They put the threshold at 0.5."""


class ColourRecogniser(FakeRecogniser):
    """Embeds an image as its mean colour."""

    def embed(self, x):
        self.seen += len(x)
        return x.mean(dim=(2, 3))


class RedDetector:
    """Finds a face in what is red, one pixel further right the greener it is."""

    name = "red"
    landmarks = 5

    def __init__(self):
        self.seen = 0

    def locate(self, x):
        self.seen += len(x)
        red, green = x[:, :1].mean(dim=(2, 3)), x[:, 1:2].mean(dim=(2, 3))
        where = torch.where(red > 0.5, torch.arange(10.0) + green, torch.nan)
        return Detections(where[:, :4], where.reshape(-1, 5, 2))


def plain(colour, faces=3):
    return torch.as_tensor(colour).reshape(1, 3, 1, 1).expand(faces, 3, 4, 4)


def images(*, encrypted, recovered, wrong):
    """Three faces: a photo and its inversion show PERSON."""
    colours = {
        "photo": PERSON,
        "inversion": PERSON,
        "encrypted": encrypted,
        "encrypted_2": THIRD,
        "recovered": recovered,
        "wrong": wrong,
        "near_miss": encrypted,
    }
    return {name: plain(colour) for name, colour in colours.items()}


def values(scores, statistic):
    """Means by metric, then by (image, reference), of the rows with this statistic."""
    found = defaultdict(dict)
    for row in scores.rows():
        if row.statistic == statistic:
            found[row.metric][row.image, row.reference] = row.estimate.mean
    return found
