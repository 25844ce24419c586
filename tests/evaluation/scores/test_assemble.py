"""If this fails, a judge that was asked for gives no numbers, or twice, or an evaluation runs out of memory."""

import gc
import weakref

import pytest

from riddle_pl.evaluation.scores import DiversityScores, RecogniserScores, assemble
from riddle_pl.judging.features import PerceptualFeatures
from tests.evaluation.scores.colours import PAIRS, PERSON, STRANGER, THIRD, ColourRecogniser, RedDetector, images


@pytest.fixture
def identity():
    return RecogniserScores(ColourRecogniser(), PAIRS, resamples=10)


@pytest.fixture
def scores(identity, tiny_pack):
    features = PerceptualFeatures(tiny_pack, device="cpu")
    return assemble([identity], [RedDetector()], [features, features], [], 10, 0)


def faces():
    small = images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD)
    return {name: x.repeat(1, 1, 4, 4) for name, x in small.items()}


def test_every_judge_gives_its_rows_once(scores, identity):
    for score in scores:
        score.update(faces())
    assert identity in scores
    rows = [row for score in scores for row in score.rows()]
    names = [(row.judge, row.metric, row.image, row.reference, row.statistic) for row in rows]
    assert len(set(names)) == len(names)
    assert {"de-identification", "face detection", "box distance", "MSE", "SSIM", "PSNR"} <= {r.metric for r in rows}
    assert {"pack_features", "FD-fake"} <= {row.title for row in rows}


def test_no_image_is_kept(scores, identity):
    shown = faces()
    kept = [weakref.ref(x) for x in shown.values()]
    for score in [*scores, DiversityScores(identity)]:
        score.update(shown)
    del shown
    gc.collect()
    assert [ref() for ref in kept] == [None] * len(kept)
