"""If this fails, a number of the table stands beside the wrong words."""

import pytest
import torch

from riddle_pl.evaluation.detectors import Detections
from riddle_pl.evaluation.pairs import PairSimilarities
from riddle_pl.evaluation.scores import DetectorScores, QualityScores, RecogniserScores
from tests.evaluation.fakes import FakeRecogniser

PERSON, STRANGER, THIRD = torch.eye(3)
PAIRS = PairSimilarities(torch.tensor([0.5, 0.9]), torch.tensor([False, True]), "two pairs")
"""They put the threshold at 0.5."""


class OneHot(FakeRecogniser):
    """Embeds an image as its mean colour."""

    def embed(self, x):
        self.seen += len(x)
        return x.mean(dim=(2, 3))


def images(*, encrypted, recovered, wrong):
    """Three faces of plain colours: a photo and its inversion show PERSON."""
    colours = {
        "photo": PERSON,
        "inversion": PERSON,
        "encrypted": encrypted,
        "encrypted_2": THIRD,
        "recovered": recovered,
        "wrong": wrong,
        "near_miss": encrypted,
    }
    return {name: colour.reshape(1, 3, 1, 1).expand(3, 3, 4, 4) for name, colour in colours.items()}


def rates(scores):
    return {(r.metric, r.reference): r.estimate.mean for r in scores.rows() if r.statistic == "rate"}


def test_identity_rates_of_a_perfect_and_of_a_useless_encryptor():
    recogniser = OneHot()
    scores = RecogniserScores(recogniser, PAIRS, resamples=10)
    scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))
    found = rates(scores)
    for reference in ("inversion", "photo"):
        assert found["de-identification", reference] == 0
        assert found["recovery", reference] == 1
        assert found["wrong password", reference] == 0
        assert found["two different people", reference] == 1  # all three photos are alike here
    assert found["wrong password", "encrypted"] == 0
    assert found["one character off", "encrypted"] == 1
    assert found["two passwords, one face", "encrypted_2"] == 0
    assert found["inversion", "photo"] == 1
    scores.update(images(encrypted=PERSON, recovered=THIRD, wrong=PERSON))
    found = rates(scores)
    assert found["de-identification", "inversion"] == 0.5
    assert found["recovery", "photo"] == 0.5
    assert found["wrong password", "inversion"] == 0.5
    assert found["wrong password", "encrypted"] == 0.5
    assert recogniser.seen == 2 * 7 * 3  # each image once
    assert {r.estimate.faces for r in scores.rows()} == {6}


def test_detector_rows_are_per_image():
    class Red:
        name = "red"

        def locate(self, x):
            found = x[:, 0].mean(dim=(1, 2), keepdim=True) > 0.5
            points = torch.where(found, torch.arange(10.0), torch.nan)
            return Detections(points[:, 0, :4], points.reshape(-1, 5, 2))

    scores = DetectorScores(Red(), resamples=10, seed=0)
    scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))
    assert {row.image: row.estimate.mean for row in scores.rows() if row.statistic == "rate"} == {
        "photo": 1,
        "inversion": 1,
        "encrypted": 0,
        "recovered": 1,
        "wrong": 0,
    }


def test_quality_of_equal_and_of_other_colours():
    scores = QualityScores(resamples=10)
    scores.update(images(encrypted=STRANGER, recovered=STRANGER, wrong=THIRD))
    found = {(row.image, row.reference): row.estimate.mean for row in scores.rows() if row.metric == "PSNR"}
    assert found["inversion", "photo"] == pytest.approx(100.0)
    assert found["recovered", "photo"] == pytest.approx(-10 * torch.tensor(2 / 12).log10().item())
