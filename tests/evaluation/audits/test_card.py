"""If this fails, an audit damages a model card, or a card states another network's figures."""

import math
import shutil

import pytest
from PIL import Image

from riddle_pl.errors import PackError
from riddle_pl.evaluation.audits.audit import Picture
from riddle_pl.evaluation.audits.card import check_export, write_section
from riddle_pl.evaluation.audits.parser import ParserAudit
from riddle_pl.evaluation.audits.report import page, write_audit
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.evaluation.report.report import MethodEntry, Report, read_report
from riddle_pl.packs import load_pack
from riddle_pl.packs.card import with_section

CARD = "# parser\n\nWhat it is.\n\n## How it was made\n\nBy a command.\n\n## Licence and use\n\nWeights: free.\n"


PICTURES = [
    Picture("mine", "Drawn", Image.new("RGB", (4, 4)), True),
    Picture("theirs", "A photo", Image.new("RGB", (4, 4)), False),
]


def report(value):
    measurements = [
        Measurement.plain("Overlap", "skin", value, 7, "higher"),
        Measurement("Overlap", "nose", 0.5, 0.4, 0.6, 1234, "lower"),
        Measurement.plain("Overlap", "none", float("nan"), 0),
    ]
    return Report(
        about={"command": "`riddle-audit audit=parser`"},
        method=MethodEntry("parser of pack tiny", 32),
        measurements=measurements,
        notes=["Read it so."],
    )


def test_the_section_stands_before_the_licence_and_is_replaced():
    once = with_section(CARD, "## Audit\n\nfirst")
    assert once.index("## How") < once.index("## Audit") < once.index("## Licence")
    assert once.endswith("Weights: free.\n")
    twice = with_section(once, "## Audit\n\nsecond")
    assert twice == once.replace("first", "second")
    assert with_section("# parser\n", "## Audit\n\nfirst") == "# parser\n\n## Audit\n\nfirst\n"


def test_figures_and_pictures_go_into_the_pack(tiny_pack_folder, tmp_path):
    folder = shutil.copytree(tiny_pack_folder, tmp_path / "pack")
    (folder / "parser.md").write_text(CARD)
    audit = ParserAudit(str(tmp_path))
    write_section(folder, audit, report(0.25), PICTURES)
    written = write_section(folder, audit, report(0.75), PICTURES)
    card = (folder / "parser.md").read_text()
    assert card.count("## Audit") == 1
    assert "`riddle-audit audit=parser`" in card
    assert "skin ↑" in card
    assert "0.750" in card
    assert "0.250" not in card
    assert "| 1,234 | 0.500 [0.400, 0.600]" in card
    assert "- Read it so." in card
    assert "![Drawn](pictures/parser_mine.jpg)" in card
    assert [path.name for path in written] == ["parser_mine.jpg", "parser.md"]
    assert [path.name for path in (folder / "pictures").iterdir()] == ["parser_mine.jpg"]  # no photo of the data


def test_the_report_has_everything(tmp_path):
    written = write_audit(report(0.25), PICTURES, tmp_path)
    assert {path.name for path in written} == {"mine.jpg", "theirs.jpg", "audit.md", "audit.json"}
    assert math.isnan(read_report(tmp_path / "audit.json").measurements[2].value)
    assert read_report(tmp_path / "audit.json").measurements[1] == report(0.25).measurements[1]
    assert "| none   | 0     | no face" in page(report(0.25))


def test_a_card_of_another_network_is_refused(tiny_pack, tiny_pack_folder, tmp_path):
    folder = shutil.copytree(tiny_pack_folder, tmp_path / "pack")
    with pytest.raises(PackError, match=r"parser\.md does not exist"):
        check_export(folder, tiny_pack, "parser")
    (folder / "parser.md").write_text(CARD)
    check_export(folder, tiny_pack, "parser")
    text = (folder / "manifest.json").read_text()
    other = shutil.copy(folder / "perceptual.safetensors", folder / "parser.safetensors")
    sums = [load_pack(folder).expected_sha256(role) for role in ("parser", "perceptual")]
    (folder / "manifest.json").write_text(text.replace(*sums))
    assert other.is_file()
    with pytest.raises(PackError, match="another parser"):
        check_export(folder, tiny_pack, "parser")
