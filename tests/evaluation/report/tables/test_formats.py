"""If this fails, a table cannot be pasted into a paper, or read by another program."""

import csv
import io
import json
import math

import pytest

from riddle_pl.errors import FileError
from riddle_pl.evaluation.report.table import Line, Number, Table
from riddle_pl.evaluation.report.tables.formats import read_table, to_csv, to_json, to_latex, to_markdown

TABLE = Table(
    name="demo",
    title="A title",
    labels=["method"],
    columns=["rate ↓", "paper"],
    lines=[
        Line(["ours_1 | 50 %"], [Number(0.5, 0.4, 0.6, 20), Number(0.016)], {"seed": "7"}),
        Line(["theirs"], [None, Number(0.25, digits=2)]),
        Line(["nothing"], [Number(math.nan, math.nan, math.nan, 0), None]),
    ],
    notes=["A note"],
)


def test_markdown_lines_up():
    assert to_markdown(TABLE).splitlines() == [
        "## A title",
        "",
        "| method         | rate ↓               | paper |",
        "|----------------|----------------------|-------|",
        "| ours_1 \\| 50 % | 0.500 [0.400, 0.600] | 0.016 |",
        "| theirs         |                      | 0.25  |",
        "| nothing        | no face              |       |",
        "",
        "- A note",
    ]


def test_csv_has_plain_numbers_with_interval_and_count():
    first, second, third = csv.DictReader(io.StringIO(to_csv(TABLE)))
    assert first == {
        "method": "ours_1 | 50 %",
        "rate ↓": "0.5",
        "rate ↓: low": "0.4",
        "rate ↓: high": "0.6",
        "rate ↓: count": "20",
        "paper": "0.016",
        "seed": "7",
    }
    assert (second["rate ↓"], second["paper"]) == ("", "0.25")
    assert (third["rate ↓"], third["rate ↓: count"]) == ("", "0")


def test_json_is_strict():
    data = json.loads(to_json(TABLE), parse_constant=lambda text: 1 / 0)
    assert data["lines"][0]["rate ↓"] == {"value": 0.5, "low": 0.4, "high": 0.6, "count": 20, "digits": 3}
    assert data["lines"][1]["rate ↓"] is None
    assert data["lines"][2]["rate ↓"]["value"] is None
    assert data["notes"] == ["A note"]


def test_a_table_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "demo.json"
    path.write_text(to_json(TABLE))
    read = read_table(path)
    assert to_markdown(read) == to_markdown(TABLE)
    assert to_csv(read) == to_csv(TABLE)


@pytest.mark.parametrize("content", ["[]", '{"name": "demo"}', "[" * 100_000, None], ids=range(4))
def test_what_is_no_table_is_one_line(tmp_path, content):
    path = tmp_path / "attacks.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FileError, match=r"table .*attacks\.json"):
        read_table(path)


def test_latex_escapes_and_closes_what_it_opens():
    text = to_latex(TABLE)
    assert r"ours\_1 | 50 \% & 0.500 {\scriptsize [0.400, 0.600]} & 0.016 \\" in text
    assert r"rate $\downarrow$" in text
    assert r"\begin{tabular}{lrr}" in text
    assert r"\caption{A title. A note.}" in text
    for name in ("table*", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 1
    assert text.count("{") == text.count("}")
