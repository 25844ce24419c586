"""If this fails, `riddle-eval` prints another rate than it writes, hides what it is to be read beside, or overflows."""

from dataclasses import replace
from pathlib import Path

from riddle_pl.evaluation.report.report import JudgeEntry
from riddle_pl.evaluation.report.screen import screen, shortened
from riddle_pl.evaluation.scores import Row
from tests.evaluation.reports import estimate, report

OUT = Path("out")


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_rates_stand_beside_those_of_strangers():
    given = report(de_id=0.123)
    strangers = Row("fake", "two different people", "inversion", "inversion", "rate", "", estimate(0.05))
    head, _, *lines = cells(screen(replace(given, rows=[strangers, *given.rows]), OUT))
    assert head == ["same person", "against", "fake", "pack (trained it)"]
    assert lines[0] == ["de-identification ↓", "inversion", "0.123 [0.113, 0.133]", ""]
    assert ["recovery ↑", "inversion", "0.900 [0.890, 0.910]", "0.970 [0.960, 0.980]"] in lines
    assert lines[-2][:3] == ["strangers (baseline)", "another's inversion", "0.050 [0.040, 0.060]"]
    assert not any("box distance" in line[0] or "rank" in line[0] for line in lines)


def test_recognisers_that_were_in_no_loss_come_first_and_the_others_are_named():
    given = report()
    rows = [Row(name, "recovery", "recovered", "inversion", "rate", "higher", estimate(0.9)) for name in "ab"]
    judges = [*given.judges, JudgeEntry("a"), JudgeEntry("b")]
    text = screen(replace(given, rows=[given.rows[5], *rows], judges=judges), OUT)
    assert cells(text)[0][2:] == ["a", "b"]
    assert "other judges, in table.md: pack" in text


def test_what_is_missing_is_said_and_the_rest_is_in_files():
    text = screen(report(), OUT)
    assert "left out, with reasons in table.md: evaluators.sphereface" in text
    assert "mtcnn 0.500 [0.490, 0.510]" in text
    for name in ("report.html", "table.md", "report.json"):
        assert name in text


def test_it_is_one_screen():
    lines = screen(report(), OUT).splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100


def test_a_method_without_rates_has_an_empty_table():
    assert len(cells(screen(replace(report(), rows=[]), OUT))) == 2


def test_a_long_report_is_cut_and_its_file_named():
    text = "\n".join(map(str, range(50))) + "\n"
    assert shortened(text, OUT / "audit.md", 3).splitlines() == ["0", "1", "2", "... 47 more lines in out/audit.md"]
    assert shortened(text, OUT, 50) == text.rstrip("\n")
