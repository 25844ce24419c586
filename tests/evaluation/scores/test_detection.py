"""If this fails, shares of faces found, or how far they moved, stand beside the wrong words."""

import math

import pytest
import torch

from riddle_pl.evaluation.scores import DetectorScores
from tests.evaluation.scores.colours import PERSON, STRANGER, THIRD, RedDetector, images, plain, values


def test_rows_are_per_image_and_each_is_looked_at_once():
    detector = RedDetector()
    scores = DetectorScores(detector, resamples=10)
    scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))
    found = {image: rate for (image, _), rate in values(scores, "rate")["face detection"].items()}
    assert found == {"photo": 1, "inversion": 1, "encrypted": 0, "recovered": 1}
    assert detector.seen == 4 * 3


def test_distances_are_those_of_the_faces_found_in_both():
    scores = DetectorScores(RedDetector(), resamples=10)
    scores.update(images(encrypted=torch.tensor([1.0, 0.5, 0.0]), recovered=PERSON, wrong=THIRD))
    scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))  # not found at all
    found = values(scores, "px")
    for metric in ("box distance", "landmark distance"):
        assert found[metric]["encrypted", "photo"] == pytest.approx(0.5)
        assert found[metric]["recovered", "inversion"] == 0.0
    [row] = [r for r in scores.rows() if (r.metric, r.image, r.reference) == ("box distance", "encrypted", "inversion")]
    assert (row.better, row.estimate.faces) == ("lower", 3)


def test_no_face_anywhere_is_a_rate_of_zero_and_no_distance():
    scores = DetectorScores(RedDetector(), resamples=10)
    scores.update({"photo": plain(STRANGER), "encrypted": plain(STRANGER)})
    assert set(values(scores, "rate")["face detection"].values()) == {0.0}
    assert math.isnan(values(scores, "px")["box distance"]["encrypted", "photo"])
    assert len(scores.rows()) == 4  # of two images and one comparison
