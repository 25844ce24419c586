"""If this fails, a report loses what its numbers depend on, or cannot be read again."""

import json
import math

import pytest

from riddle_pl.errors import FileError
from riddle_pl.evaluation.report.outputs import require_own_report, write_report
from riddle_pl.evaluation.report.report import Report, read_report
from tests.evaluation.reports import report


def test_the_file_holds_every_number_and_what_it_depends_on(tmp_path):
    report().write(tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["format_version"] == 3
    assert (data["about"]["seed"], data["command"], data["config"]) == (7, "riddle-eval data.root=x", {"seed": 7})
    assert data["method"]["sha256"] == "ab" * 32
    assert data["judges"][0]["calibration"]["threshold"] == 0.9263
    assert data["judges"][0]["calibration"]["tar"] is None
    assert [judge["used_in_training_loss"] for judge in data["judges"]] == [False, True, False]
    assert (data["rows"][0]["value"], data["rows"][4]["value"]) == (0.1, None)
    assert (data["faces"], data["skipped"]) == (["a/b.png"], {"c.png": "empty"})
    assert data["left_out"] == {"evaluators.sphereface": "get it from there"}


def test_a_written_report_is_read_as_it_was(tmp_path):
    whole = report()
    whole.write(tmp_path / "report.json")
    for path in (tmp_path, tmp_path / "report.json"):
        read = read_report(path)
        assert read.to_json() == whole.to_json()
    assert isinstance(read, Report)
    assert math.isnan(read.rows[4].estimate.mean)
    assert math.isnan(read.judge("fake").calibration.tar)


def test_an_unlisted_judge_is_a_bare_entry():
    assert report().judge("other").calibration is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format_version": 1}', "format version 1; expected 3: run riddle-eval again"),
        ('{"format_version": 3}', "give a report.json of riddle-eval"),
    ],
)
def test_what_is_no_report_is_one_line(tmp_path, content, expected):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(FileError, match=expected) as error:
        read_report(tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_gone_is_one_line(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        report().write(tmp_path / "gone" / "report.json")
    with pytest.raises(FileError, match="does not exist"):
        read_report(tmp_path / "gone")


def test_only_an_earlier_report_is_written_over(tmp_path):
    require_own_report(tmp_path)
    write_report(report(), [], tmp_path)
    require_own_report(tmp_path)
    (tmp_path / "report.json").write_text("my own")
    with pytest.raises(FileError, match=r"table\.md is nothing that riddle wrote"):
        require_own_report(tmp_path)
