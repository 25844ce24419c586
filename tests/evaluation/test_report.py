"""If this fails, the report lacks what a number depends on, or other programs cannot read it."""

import csv
import json
import math

import pytest

from riddle_pl.errors import FileError
from riddle_pl.evaluation.calibration import Calibration
from riddle_pl.evaluation.metrics import Estimate
from riddle_pl.evaluation.report import Judge, Report
from riddle_pl.evaluation.scores import Row

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


@pytest.fixture
def report():
    rows = [
        Row("fake", "recovery", "recovered", "photo", "rate", "higher", Estimate(0.9666, 0.95, 0.98, 500)),
        Row("fake", "recovery", "recovered", "photo", "rank-1", "higher", Estimate(1.0, 1.0, 1.0, 500)),
        Row("fake", "two different people", "photo", "photo", "rate", "", NOTHING),
        Row("eye", "face detection", "encrypted", "", "rate", "higher", Estimate(0.5, 0.4, 0.6, 500)),
        Row("", "PSNR", "recovered", "photo", "dB", "higher", Estimate(23.456, 23.0, 24.0, 500)),
    ]
    calibration = Calibration(0.9263, 0.001, math.nan, 3000, 0)
    judges = [Judge("fake", "a fake", calibration, "the pairs of pairs.txt"), Judge("eye", "at 256 px")]
    return Report({"title": "A title", "seed": 7}, judges, rows, ["a/b.png"], {"c.png": "empty"}, ["A note."])


def test_markdown_says_number_interval_judge_threshold_and_origin(report):
    text = report.to_markdown()
    assert text.startswith("# A title\n\n- seed: 7\n")
    assert "## fake (a fake)" in text
    assert "above 0.9263, calibrated on the pairs of pairs.txt: it accepts 3 of 3000 pairs" in text
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert ["recovery ↑", "recovered", "photo", "0.967 [0.950, 0.980]", "1.000 [1.000, 1.000]", ""] in lines
    assert ["two different people", "photo", "another person's photo", "no face", "", ""] in lines
    assert ["face detection ↑", "encrypted", "", "0.500 [0.400, 0.600]"] in lines
    assert ["PSNR ↑", "recovered", "photo", "23.46 [23.00, 24.00]"] in lines
    assert text.endswith("- A note.\n")


def test_files_hold_every_number(report, tmp_path):
    paths = report.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "table.csv", "table.md"]
    assert sorted(paths) == sorted(tmp_path.iterdir())
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["about"] == {"title": "A title", "seed": 7}
    assert data["judges"][0]["calibration"]["threshold"] == 0.9263
    assert data["judges"][0]["calibration"]["tar"] is None
    assert data["rows"][0]["value"] == 0.9666
    assert data["rows"][2]["value"] is None
    assert (data["faces"], data["skipped"]) == (["a/b.png"], {"c.png": "empty"})
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert (rows[0]["metric"], rows[0]["value"], rows[0]["low"], rows[0]["faces"]) == (
        "recovery",
        "0.9666",
        "0.95",
        "500",
    )


def test_a_folder_that_is_gone_is_one_line(report, tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        report.write(tmp_path / "gone")
