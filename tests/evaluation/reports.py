"""Reports with numbers that can be told apart."""

import math
from collections.abc import Mapping

from riddle_pl.evaluation.report.report import JudgeEntry, MethodEntry, Report
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.metrics import Estimate

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def estimate(mean: float) -> Estimate:
    return Estimate(mean, mean - 0.01, mean + 0.01, 500)


def rows(de_id: float = 0.1, recovery: float = 0.9) -> list[Row]:
    """As a recogniser that is marked, a detector and measures of pixels give them."""
    return [
        Row("fake", "de-identification", "encrypted", "inversion", "rate", "lower", estimate(de_id)),
        Row("fake", "de-identification", "encrypted", "inversion", "rank-1", "lower", estimate(0.2)),
        Row("fake", "de-identification", "encrypted", "photo", "rate", "lower", estimate(0.3)),
        Row("fake", "recovery", "recovered", "inversion", "rate", "higher", estimate(recovery)),
        Row("fake", "two different people", "photo", "photo", "rate", "", NOTHING),
        Row("pack", "recovery", "recovered", "inversion", "rate", "higher", estimate(0.97)),
        Row("mtcnn", "face detection", "encrypted", "", "rate", "higher", estimate(0.5)),
        Row("mtcnn", "box distance", "encrypted", "photo", "px", "lower", estimate(4.0)),
        Row("", "MSE", "recovered", "inversion", "mean", "lower", estimate(0.0123)),
        Row("", "PSNR", "recovered", "inversion", "dB", "higher", estimate(23.456)),
        Row("", "PSNR", "recovered", "photo", "dB", "higher", estimate(17.0)),
        Row("f", "pack_features", "recovered", "inversion", "distance", "lower", estimate(0.4)),
        Row("fake", "FD-fake", "encrypted", "photo", "distance", "lower", Estimate(12.5, math.nan, math.nan, 500)),
        Row("fake", "diversity", "encrypted", "", "mean distance", "higher", estimate(0.6)),
        Row("fake", "diversity", "encrypted", "", "different people", "higher", estimate(0.7)),
    ]


def report(method: Mapping[str, object] | None = None, **numbers: float) -> Report:
    """A report of RiDDLE, or of another method."""
    calibration = Calibration(0.9263, 0.001, math.nan, 3000, 0)
    entry = {"label": "ours", "size": 64, "sha256": "ab" * 32, "paper": "RiDDLE", **(method or {})}
    return Report(
        about={"title": "A title", "pack": "lite, 64 px", "seed": 7, "diversity": "50 faces, 20 passwords"},
        method=MethodEntry(**entry),
        judges=[
            JudgeEntry("fake", "", False, calibration, "the pairs of pairs.txt"),
            JudgeEntry("pack", "trained it", True, calibration, "the pairs of pairs.txt"),
            JudgeEntry("mtcnn", "at 256 px"),
        ],
        rows=rows(**numbers),
        names=["a/b.png"],
        skipped={"c.png": "empty"},
        left_out={"evaluators.sphereface": "get it from there"},
        notes=["A note."],
        command="riddle-eval data.root=x",
        config={"seed": 7},
    )
