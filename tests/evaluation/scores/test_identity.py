"""If this fails, a rate of the tables stands beside the wrong words."""

import pytest
import torch

from riddle_pl.errors import DataError
from riddle_pl.evaluation.scores import RecogniserScores
from tests.evaluation.scores.colours import PAIRS, PERSON, STRANGER, THIRD, ColourRecogniser, images, plain, values


def test_identity_rates_of_a_perfect_and_of_a_useless_encryptor():
    recogniser = ColourRecogniser()
    scores = RecogniserScores(recogniser, PAIRS, resamples=10)
    scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))
    found = values(scores, "rate")
    for reference in ("inversion", "photo"):
        assert found["de-identification"]["encrypted", reference] == 0
        assert found["recovery"]["recovered", reference] == 1
        assert found["wrong password"]["wrong", reference] == 0
        assert found["two different people"][reference, reference] == 1  # all three photos are alike here
    assert found["wrong password"]["wrong", "encrypted"] == 0
    assert found["one character off"]["near_miss", "encrypted"] == 1
    assert found["two passwords, one face"]["encrypted", "encrypted_2"] == 0
    assert found["inversion"]["inversion", "photo"] == 1
    scores.update(images(encrypted=PERSON, recovered=THIRD, wrong=PERSON))
    found = values(scores, "rate")
    assert found["de-identification"]["encrypted", "inversion"] == 0.5
    assert found["recovery"]["recovered", "photo"] == 0.5
    assert found["wrong password"]["wrong", "inversion"] == 0.5
    assert found["wrong password"]["wrong", "encrypted"] == 0.5
    assert recogniser.seen == 2 * 7 * 3  # each image once
    assert {r.estimate.faces for r in scores.rows()} == {6}
    assert values(scores, "mean cosine")["recovery"]["recovered", "photo"] == 0.5
    assert values(scores, "rank-1")["recovery"]["recovered", "photo"] == 1.0  # all originals are alike: a tie


def test_images_that_a_method_does_not_make_have_no_rows():
    scores = RecogniserScores(ColourRecogniser(), PAIRS, resamples=10)
    scores.update({"photo": plain(PERSON), "encrypted": plain(STRANGER)})
    assert {row.metric for row in scores.rows()} == {"de-identification", "two different people"}
    assert {row.reference for row in scores.rows()} == {"photo"}
    scores.update({"photo": plain(PERSON), "recovered": plain(PERSON)})
    found = {row.metric: row.estimate for row in scores.rows() if row.statistic == "rate"}
    assert found["de-identification"][::3] == (0.0, 3)
    assert found["recovery"][::3] == (1.0, 3)
    assert found["two different people"].faces == 6


def test_without_given_pairs_the_people_at_hand_set_the_threshold():
    scores = RecogniserScores(ColourRecogniser(), None, far=0.0, resamples=10)
    people = torch.stack([torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.8, 0.6, 0.0]), torch.tensor([0.0, 0.0, 1.0])])
    scores.update({"photo": people[:, :, None, None].expand(3, 3, 4, 4), "encrypted": plain(THIRD)})
    assert scores.calibration.threshold == pytest.approx(0.8)  # of the two who are most alike
    assert (scores.calibration.different, scores.calibration.same) == (3, 0)
    assert scores.pairs.origin == "different people among the photos evaluated"
    assert values(scores, "rate")["two different people"]["photo", "photo"] == 0.0


def test_one_person_alone_sets_no_threshold():
    scores = RecogniserScores(ColourRecogniser(), None)
    scores.update({"photo": plain(PERSON, 1), "encrypted": plain(THIRD, 1)})
    with pytest.raises(DataError, match="no pair of different people"):
        scores.rows()


def test_figures_get_similarities_by_kind_and_embeddings():
    scores = RecogniserScores(ColourRecogniser(), PAIRS, resamples=10)
    assert scores.embeddings("photo").shape == (0, 1)
    scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))
    found = scores.similarities()
    assert {name: some.tolist() for name, some in found.items()} == {
        "same person": pytest.approx([0.9]),
        "different people": pytest.approx([1.0] * 3),
        "encrypted": [0.0] * 3,
        "recovered": pytest.approx([1.0] * 3),
        "wrong": [0.0] * 3,
        "near_miss": [0.0] * 3,
    }
    assert scores.embeddings("wrong").tolist() == [THIRD.tolist()] * 3


def test_figures_get_no_more_than_they_can_show(monkeypatch):
    monkeypatch.setattr("riddle_pl.evaluation.scores.identity.SHOWN", 4)
    scores = RecogniserScores(ColourRecogniser(), PAIRS)
    for _ in range(3):
        scores.update(images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD))
    assert len(scores.embeddings("photo")) == len(scores.similarities()["wrong"]) == 4
