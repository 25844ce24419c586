"""If this fails, an audit damages a model card, or a card states another network's figures."""

import json
import shutil

import pytest
from PIL import Image

from riddle_pl.errors import PackError
from riddle_pl.evaluation.audits.audit import Findings, Picture
from riddle_pl.evaluation.audits.card import check_export, write_section
from riddle_pl.evaluation.audits.report import AuditReport
from riddle_pl.evaluation.report.measurement import Measurement
from riddle_pl.packs import load_pack
from riddle_pl.packs.card import with_section

CARD = "# parser\n\nWhat it is.\n\n## How it was made\n\nBy a command.\n\n## Licence and use\n\nWeights: free.\n"


def report(value):
    findings = Findings(
        figures=[
            Measurement.plain("Overlap", "skin", value, 7, "higher"),
            Measurement("Overlap", "nose", 0.5, 0.4, 0.6, 1234, "lower"),
            Measurement.plain("Overlap", "none", float("nan"), 0),
        ],
        pictures=[
            Picture("mine", "Drawn", Image.new("RGB", (4, 4)), True),
            Picture("theirs", "A photo", Image.new("RGB", (4, 4)), False),
        ],
        notes=["Read it so."],
    )
    return AuditReport(
        "parser", "## Audit", "parser of pack tiny", {"command": "`riddle-audit audit=parser`"}, findings
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
    write_section(folder, report(0.25))
    written = write_section(folder, report(0.75))
    card = (folder / "parser.md").read_text()
    assert card.count("## Audit") == 1
    assert "`riddle-audit audit=parser`" in card
    assert "skin ↑" in card
    assert "0.750" in card
    assert "0.250" not in card
    assert "0.400 to 0.600 | 1,234" in card
    assert "- Read it so." in card
    assert "![Drawn](pictures/parser_mine.jpg)" in card
    assert [path.name for path in written] == ["parser_mine.jpg", "parser.md"]
    assert [path.name for path in (folder / "pictures").iterdir()] == ["parser_mine.jpg"]  # no photo of the data


def test_the_report_has_everything(tmp_path):
    written = report(0.25).write(tmp_path)
    assert {path.name for path in written} == {"mine.jpg", "theirs.jpg", "audit.md", "audit.json"}
    assert json.loads((tmp_path / "audit.json").read_text())["figures"][2]["value"] is None
    assert "| none   | none" in report(0.25).to_markdown()


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
