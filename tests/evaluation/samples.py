"""A small report and what its figures show, made up: no network, no photo."""

from pathlib import Path

import numpy as np
import torch

from riddle_pl.evaluation.report.report import JudgeEntry, MethodEntry, Report
from riddle_pl.evaluation.scores import Row
from riddle_pl.figures.traces import FaceTrace, IdentityCloud, Similarities, Traces, WholePhoto
from riddle_pl.judging.calibration import Calibration
from riddle_pl.judging.measures import Measure, Statistic
from riddle_pl.judging.metrics import Estimate
from riddle_pl.judging.pairs import PairSimilarities

SIDE = 16
PASSWORDS = 4
NAMES = ("Ada_0001", "Renée & <Fils>", "cost $5_and $6", "王小明")
"""Ordinary, with HTML's special characters, with Matplotlib's, in a script that its fonts lack."""

METRICS = """epoch,loss/total,loss/recovery,step,val/loss/total,val/loss/recovery
0,9.0,3.0,0,,
0,8.0,2.5,10,,
0,,,10,8.5,2.75
1,6.0,2.0,20,,
1,,,20,6.5,2.25
"""


def sample_traces(folder: Path | None = None) -> Traces:
    """Every part filled; with a training log in ``folder``, if it is given."""
    rng = torch.Generator().manual_seed(0)

    def image(*batch: int) -> torch.Tensor:
        return torch.rand(*batch, 3, SIDE, SIDE, generator=rng) * 2 - 1

    stages = ("photo", "inversion", "encrypted", "encrypted_2", "recovered", "wrong", "near_miss")
    faces = [FaceTrace(name, {s: image() for s in stages}, image(PASSWORDS), image(PASSWORDS)) for name in NAMES[:2]]
    kinds = {
        kind: (centre + 0.1 * torch.randn(count, generator=rng)).clamp(-1, 1)
        for kind, centre, count in (
            ("same person", 0.7, 40),
            ("different people", 0.1, 300),
            ("encrypted", 0.15, 50),
            ("recovered", 0.95, 50),
            ("wrong", 0.1, 50),
        )
    }
    cosines = torch.cat([kinds["same person"], kinds["different people"]]).double()
    pairs = PairSimilarities(cosines, torch.arange(340) < 40, "made-up pairs")
    metrics = None
    if folder is not None:
        metrics = folder / "metrics.csv"
        metrics.write_text(METRICS)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 30, 40, 3), dtype=np.uint8)
    return Traces(
        faces=faces,
        similarities=[Similarities("fake", 0.4, kinds, pairs, "made up")],
        clouds=[
            IdentityCloud(
                "fake", NAMES, [torch.randn(5, 8, generator=rng) for _ in NAMES], torch.randn(4, 8, generator=rng)
            )
        ],
        photos=[WholePhoto("photo.jpg", *pixels)],
        metrics=metrics,
        missing={} if folder else {"metrics": "the encryptor was not trained here"},
    )


def sample_report() -> Report:
    """A few rows by a recogniser and a detector."""
    rows = [
        Row(
            "fake",
            Measure("de-identification"),
            "encrypted",
            "inversion",
            Statistic("rate"),
            "lower",
            Estimate(0.081, 0.02, 0.25, 50),
        ),
        Row(
            "fake",
            Measure("de-identification"),
            "encrypted",
            "photo",
            Statistic("rate"),
            "lower",
            Estimate(0.02, 0.0, 0.06, 50),
        ),
        Row(
            "fake",
            Measure("recovery"),
            "recovered",
            "inversion",
            Statistic("rate"),
            "higher",
            Estimate(1.0, 1.0, 1.0, 50),
        ),
        Row(
            "finder",
            Measure("face detection"),
            "encrypted",
            "",
            Statistic("rate"),
            "higher",
            Estimate(0.9, 0.8, 1.0, 50),
        ),
        Row("", Measure("PSNR"), "recovered", "photo", Statistic("dB"), "higher", Estimate(17.5, 17.0, 18.0, 50)),
    ]
    return Report(
        about={
            "title": "Our <method>: 50 people & their photos",
            "pack": "tiny, 32 px",
            "seed": 0,
            "networks": {"generator": {"arch": "stylegan2", "sha256": "a" * 64, "origin": "random"}},
        },
        method=MethodEntry("ours", 32, sha256="b" * 64),
        judges=[
            JudgeEntry("fake", "judges colours", False, Calibration(0.4, 0.001, 0.9, 1000, 40), "made-up pairs"),
            JudgeEntry("finder", "at 256 px"),
        ],
        rows=rows,
        names=[f"face {i}" for i in range(50)],
        skipped={f"bad_{i}.jpg": "no face was found" for i in range(60)},
        left_out={"sphereface": "weights are missing; see riddle weights"},
        notes=["A note with <b>tags</b>."],
        command="riddle-eval data.root=FOLDER role=encryptor",
        config={"seed": 0, "data": {"root": "FOLDER"}},
    )
