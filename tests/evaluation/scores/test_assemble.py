"""If this fails, a judge that was asked for gives no numbers, or gives them twice."""

from riddle_pl.evaluation.features import PerceptualFeatures
from riddle_pl.evaluation.scores import RecogniserScores, assemble
from tests.evaluation.scores.colours import PAIRS, PERSON, STRANGER, THIRD, ColourRecogniser, RedDetector, images


def test_every_judge_gives_its_rows_once(tiny_pack):
    identity = RecogniserScores(ColourRecogniser(), PAIRS, resamples=10)
    features = PerceptualFeatures(tiny_pack, device="cpu")
    scores = assemble([identity], [RedDetector()], [features, features], [], 10, 0)
    for score in scores:
        score.update(
            {k: x.repeat(1, 1, 4, 4) for k, x in images(encrypted=STRANGER, recovered=PERSON, wrong=THIRD).items()}
        )
    assert identity in scores
    rows = [row for score in scores for row in score.rows()]
    names = [(row.judge, row.metric, row.image, row.reference, row.statistic) for row in rows]
    assert len(set(names)) == len(names)
    assert {
        "de-identification",
        "face detection",
        "box distance",
        "MSE",
        "SSIM",
        "PSNR",
        "pack_features",
        "FD-fake",
    } <= {row.metric for row in rows}
