"""If this fails, the table of diversity compares other images than it says."""

import pytest
import torch

from riddle_pl.evaluation.scores import DiversityScores, RecogniserScores
from tests.evaluation.scores.colours import PAIRS, PERSON, STRANGER, THIRD, ColourRecogniser, plain, values


@pytest.fixture
def scores():
    return DiversityScores(RecogniserScores(ColourRecogniser(), PAIRS, resamples=10))


def many(*colours):
    return torch.cat([plain(colour, 1) for colour in colours])


def test_every_pair_of_a_face_s_images_is_compared(scores):
    scores.update({"encrypted": many(PERSON, STRANGER, THIRD), "wrong": many(PERSON, PERSON, THIRD)})
    scores.update({"encrypted": many(PERSON, PERSON, PERSON), "wrong": many(PERSON, PERSON, PERSON)})
    for statistic in ("mean distance", "different people"):
        found = values(scores, statistic)["diversity"]
        assert found["encrypted", ""] == pytest.approx((1 + 0) / 2)
        assert found["wrong", ""] == pytest.approx((2 / 3 + 0) / 2)
    assert {(row.judge, row.better, row.estimate.faces) for row in scores.rows()} == {("fake", "higher", 2)}
    assert [len(face) for face in scores.embeddings("wrong")] == [3, 3]


def test_without_images_there_are_no_rows(scores):
    assert scores.rows() == []
    scores.update({"encrypted": many(PERSON, STRANGER)})
    assert {row.image for row in scores.rows()} == {"encrypted"}
