"""If this fails, a table cannot be pasted into a paper, or read by another program."""

import csv
import io
import json
import math

from riddle_pl.evaluation.report.tables.formats import to_csv, to_json, to_latex, to_markdown
from riddle_pl.evaluation.report.tables.table import Line, Number, Table

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
    assert data["lines"][0]["rate ↓"] == {"value": 0.5, "low": 0.4, "high": 0.6, "count": 20}
    assert data["lines"][1]["rate ↓"] is None
    assert data["lines"][2]["rate ↓"]["value"] is None
    assert data["notes"] == ["A note"]


def test_latex_escapes_and_closes_what_it_opens():
    text = to_latex(TABLE)
    assert r"ours\_1 | 50 \% & 0.500 {\scriptsize [0.400, 0.600]} & 0.016 \\" in text
    assert r"rate $\downarrow$" in text
    assert r"\begin{tabular}{lrr}" in text
    assert r"\caption{A title. A note.}" in text
    for name in ("table*", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 1
    assert text.count("{") == text.count("}")
