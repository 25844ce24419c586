"""If this fails, measures of images, by pixels or by features, stand beside the wrong words."""

import math

import pytest
import torch

from riddle_pl.evaluation.scores import FrechetScores, PerceptualScores, QualityScores
from riddle_pl.judging.features import PerceptualFeatures
from riddle_pl.judging.measures import Measure
from tests.evaluation.scores.colours import PERSON, STRANGER, THIRD, ColourRecogniser, images, plain, values


def enlarged(**colours):
    return {name: x.repeat(1, 1, 4, 4) for name, x in images(**colours).items()}


def test_quality_of_equal_and_of_other_colours():
    scores = QualityScores(resamples=10)
    scores.update(enlarged(encrypted=STRANGER, recovered=STRANGER, wrong=THIRD))
    psnr, mse = values(scores, "dB")["PSNR"], values(scores, "mean")["MSE"]
    assert psnr["inversion", "photo"] == pytest.approx(100.0)
    assert mse["recovered", "photo"] == pytest.approx(2 / 12)
    assert psnr["recovered", "inversion"] == pytest.approx(-10 * math.log10(2 / 12))
    assert values(scores, "mean")["SSIM"]["inversion", "photo"] == pytest.approx(1.0)
    assert {(row.metric, row.better) for row in scores.rows()} == {
        ("MSE", "lower"),
        ("SSIM", "higher"),
        ("PSNR", "higher"),
    }


def test_a_method_that_recovers_nothing_has_no_quality():
    scores = QualityScores()
    scores.update({"photo": plain(PERSON), "encrypted": plain(STRANGER)})
    assert scores.rows() == []


def test_the_pack_s_features_are_named_for_what_they_are(tiny_pack):
    features = PerceptualFeatures(tiny_pack, device="cpu")
    assert features.missing() is None
    scores = PerceptualScores(features, resamples=10)
    scores.update(enlarged(encrypted=STRANGER, recovered=STRANGER, wrong=THIRD))
    found = values(scores, "mean")
    assert set(found) == {"pack_features"}
    assert found["pack_features"]["inversion", "photo"] == 0.0
    assert found["pack_features"]["recovered", "photo"] > 0.0


def test_frechet_distances_are_of_the_images_as_a_whole():
    scores = FrechetScores(ColourRecogniser(), Measure.FD)
    photos = torch.rand(6, 3, 1, 1, generator=torch.Generator().manual_seed(0)).expand(6, 3, 4, 4)
    scores.update({"photo": photos[:3], "encrypted": photos[3:]})
    scores.update({"photo": photos[3:], "encrypted": photos[:3]})
    [row] = scores.rows()
    assert (row.judge, row.title, row.image, row.reference, row.better) == (
        "fake",
        "FD-fake",
        "encrypted",
        "photo",
        "lower",
    )
    assert row.estimate.mean == pytest.approx(0.0, abs=1e-6)  # the same faces in another order
    assert row.estimate.faces == 6
