"""Reports with numbers that can be told apart."""

import math
from collections.abc import Mapping

from riddle_pl.evaluation.report.report import JudgeEntry, MethodEntry, Report
from riddle_pl.evaluation.scores import Row
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import Estimate

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def estimate(mean: float) -> Estimate:
    return Estimate(mean, mean - 0.01, mean + 0.01, 500)


def rows(de_id: float = 0.1, recovery: float = 0.9) -> list[Row]:
    """As a recogniser that is marked, a detector and measures of pixels give them."""
    return [
        Row(
            "fake", Measure("de-identification"), "encrypted", "inversion", Statistic("rate"), "lower", estimate(de_id)
        ),
        Row(
            "fake", Measure("de-identification"), "encrypted", "inversion", Statistic("rank-1"), "lower", estimate(0.2)
        ),
        Row("fake", Measure("de-identification"), "encrypted", "photo", Statistic("rate"), "lower", estimate(0.3)),
        Row("fake", Measure("recovery"), "recovered", "inversion", Statistic("rate"), "higher", estimate(recovery)),
        Row("fake", Measure("two different people"), "photo", "photo", Statistic("rate"), "", NOTHING),
        Row("pack", Measure("recovery"), "recovered", "inversion", Statistic("rate"), "higher", estimate(0.97)),
        Row("mtcnn", Measure("face detection"), "encrypted", "", Statistic("rate"), "higher", estimate(0.5)),
        Row("mtcnn", Measure("box distance"), "encrypted", "photo", Statistic("px"), "lower", estimate(4.0)),
        Row("", Measure("MSE"), "recovered", "inversion", Statistic("mean"), "lower", estimate(0.0123)),
        Row("", Measure("PSNR"), "recovered", "inversion", Statistic("dB"), "higher", estimate(23.456)),
        Row("", Measure("PSNR"), "recovered", "photo", Statistic("dB"), "higher", estimate(17.0)),
        Row("f", Measure("pack_features"), "recovered", "inversion", Statistic("distance"), "lower", estimate(0.4)),
        Row(
            "fake",
            Measure.FD,
            "encrypted",
            "photo",
            Statistic("distance"),
            "lower",
            Estimate(12.5, math.nan, math.nan, 500),
        ),
        Row("fake", Measure("diversity"), "encrypted", "", Statistic("mean distance"), "higher", estimate(0.6)),
        Row("fake", Measure("diversity"), "encrypted", "", Statistic("different people"), "higher", estimate(0.7)),
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
