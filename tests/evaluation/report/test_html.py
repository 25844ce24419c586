"""If this fails, the report's page asks the network for something, breaks on a name, or cannot be read on a phone."""

import base64
import dataclasses
import io
from html.parser import HTMLParser

import pytest
from PIL import Image

from riddle_pl.evaluation.report.html import render_page, write_page
from riddle_pl.evaluation.report.html.highlights import highlights
from riddle_pl.evaluation.report.html.page import LISTED
from riddle_pl.evaluation.report.report import JudgeEntry
from riddle_pl.evaluation.report.tables import Line, Number, Table, all_tables
from riddle_pl.figures.gallery import Gallery, draw_gallery
from riddle_pl.figures.traces import Traces
from tests.evaluation.chromium import console, find_chromium, layout
from tests.evaluation.samples import NAMES, sample_report, sample_traces

TABLES = all_tables([sample_report()])
ATTACKS = Table(
    "attacks",
    "Attacks without a password",
    ["attack", "chance"],
    ["encryptor"],
    [Line(["linkage", "0.50"], [Number(0.512, 0.48, 0.54, 500)]), Line(["reading", ""], [None])],
    ["riddle-attack"],
)
"""As of ``riddle-attack``."""

VOID = {"meta", "link", "img", "br", "hr"}


class Page(HTMLParser):
    """Tags with their attributes, visible text, and whether every tag is closed in its place."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return write_page(sample_report(), TABLES, sample_traces(), folder)


@pytest.fixture(scope="module")
def page(written):
    return Page(written[0].read_text(encoding="utf-8"))


def test_writes_the_page_and_the_figures(written):
    assert written[0].name == "report.html"
    assert {path.suffix for path in written[1:]} == {".png"}
    assert {path.parent.name for path in written[1:]} == {"figures"}


def test_every_tag_is_closed_and_every_id_is_unique_and_every_link_leads_somewhere(page):
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"].removeprefix("#") for attrs in page.all("a")} <= set(ids)


def test_asks_the_network_for_nothing(page):
    addresses = [value for _, attrs in page.tags for name, value in attrs.items() if name in ("src", "href", "srcset")]
    assert all(address.startswith(("data:", "#")) for address in addresses)
    (policy,) = [attrs["content"] for attrs in page.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert page.all("script") == page.all("iframe") == []


def test_no_address_hides_in_the_style(written):
    style = written[0].read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_every_figure_is_a_picture_with_an_alternative_text_and_a_caption(page):
    images = page.all("img")
    assert len(images) == len(page.all("figure")) == len(page.all("figcaption")) == 8
    for image in images:
        kind, data = image["src"].split(";base64,")
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert kind == f"data:image/{picture.format.lower()}"
            assert picture.width / picture.height == pytest.approx(int(image["width"]) / int(image["height"]), rel=0.01)
        assert image["alt"]


def test_every_number_of_the_tables_is_there(page):
    tables = [table for table in all_tables([sample_report()]) if table.lines]
    assert tables
    for table in tables:
        for line in table.lines:
            assert all(cell in page.text for cell in table.cells(line))
        assert all(note in page.text for note in table.notes)


def test_names_and_notes_are_shown_as_they_are(page):
    assert "Our <method>: 50 people & their photos" in page.text
    assert "A note with <b>tags</b>." in page.text
    assert all(name in page.text for name in NAMES)
    assert page.all("b") == page.all("fils") == []


def test_says_how_it_was_made_and_what_was_left_out(page):
    report = sample_report()
    for expected in (report.command, "root: FOLDER", "a" * 64, "b" * 64, "made-up pairs", "0.4000", "at 256 px"):
        assert expected in page.text
    assert "weights are missing; see riddle weights" in page.text
    assert "the encryptor was not trained here" in page.text
    assert f"and {60 - LISTED} more, in report.json" in page.text
    assert f"bad_{LISTED}.jpg" not in page.text


def test_warns_of_what_it_must_not_be_used_for(page):
    assert "What this page must not be used for" in page.text
    assert "pseudonymisation (GDPR Art. 4(5))" in page.text


def test_a_judge_that_trained_the_encryptor_is_marked(page):
    assert "no independent judge" not in page.text
    report = sample_report()
    marked = dataclasses.replace(report, judges=[JudgeEntry("fake", used_in_training_loss=True), *report.judges[1:]])
    assert "no independent judge" in Page(render_page(marked, all_tables([marked]), Gallery([], {}))).text
    assert {item.judge for item in highlights(marked)} == {"fake (trained the encryptor)"}


def test_the_table_of_attacks_is_a_section(page):
    assert "not measured here: riddle-attack does" in page.text
    attacked = Page(render_page(sample_report(), [*TABLES, ATTACKS], Gallery([], {})))
    assert "is in the table of attacks" in attacked.text
    assert "0.512 [0.480, 0.540]" in attacked.text
    assert {"id": "attacks"} in attacked.all("section")
    assert {attrs.get("class") for attrs in attacked.all("tr")} == {None, "paper"}


def test_the_first_numbers_are_against_the_inversion(page):
    assert [item.percent for item in highlights(sample_report())] == ["8.1\xa0%", "100.0\xa0%"]
    assert "its inversion" in page.text


def test_a_report_without_rows_or_figures_is_a_page(tmp_path):
    bare = dataclasses.replace(
        sample_report(), rows=[], judges=[], notes=[], skipped={}, left_out={}, command="", config={}
    )
    page = Page(render_page(bare, all_tables([bare]), draw_gallery(Traces())))
    assert page.open == []
    assert page.all("img") == []


def test_the_same_evaluation_gives_the_same_page():
    plots = dataclasses.replace(sample_traces(), faces=(), photos=())
    first, second = (render_page(sample_report(), TABLES, draw_gallery(plots)) for _ in range(2))
    assert first == second


@pytest.fixture(scope="module")
def chromium():
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    return program


def test_opens_in_a_browser_without_an_error_on_the_console(written, chromium, tmp_path):
    assert console(chromium, written[0], tmp_path / "profile") == []


@pytest.mark.parametrize("width", [400, 1400])
def test_fits_the_window(written, chromium, width, tmp_path):
    measured = layout(chromium, written[0], width, tmp_path)
    assert measured.window == width
    assert measured.page <= width
    assert measured.broken_images == 0
