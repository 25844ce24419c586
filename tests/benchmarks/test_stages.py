"""If this fails, the profile of `riddle encrypt` leaves a stage out, or names the wrong one."""

import re

import pytest

from benchmarks import stages


@pytest.mark.slow
def test_every_stage_has_its_seconds(capsys):
    stages.main(["--pack", "lite", "--photos", "1", "--rounds", "1", "--against", "grain=keep"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| CPU seconds for one face | | grain=keep | times as fast |"
    rows = dict(re.fullmatch(r"\| (.+?) \| ([\d.]+) \| [\d.]+ \| [\d.]+ \|", line).groups() for line in lines[2:])
    assert len(rows) == 13
    whole = float(rows.pop(stages.WHOLE))
    assert 0 < sum(map(float, rows.values())) <= whole + 0.1


def test_medians_are_of_rounds_and_a_stage_may_be_missing():
    rounds = [({"a": 1.0}, {"a": 2.0}), ({"a": 3.0}, {"a": 8.0}), ({"a": 2.0}, {})]
    assert stages.table(rounds, "x=y").splitlines()[2] == "| a | 2.00 | 2.00 | 1.00 |"
