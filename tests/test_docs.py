"""If this fails, a reader of the documents follows a dead link, misses a folder, or types a command that is none."""

import re
from pathlib import Path

import pytest
import yaml

from riddle_pl.cli.app import VERBS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
CONFIGS = {path.stem for path in (ROOT / "conf").glob("*.yaml")}
FOLDERS = [path.name for path in (ROOT / "src" / "riddle_pl").iterdir() if (path / "__init__.py").is_file()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    dead = [link for link in links if link and not (document.parent / link).exists()]
    assert not dead


def test_the_site_leads_to_every_page():
    """`make docs` says so too, and checks headings that links name; it takes longer and needs the extra `[docs]`."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = set(re.findall(r"[\w/-]+\.md", str(config["nav"])))
    made = {"index.md", "contributing.md", "changelog.md", "api/index.md"}
    assert listed - made == {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}


UNPROVEN = re.compile(
    r"nothing (can )?tells?\b.{0,40}(right|wrong|password)|cannot tell .{0,20}(right|wrong) password|"
    r"never says which|cannot be protected|protects? (people|you|the)\b|\bunbreakable|\bmilitary",
    re.IGNORECASE,
)
"""Of the encryptors: what was once claimed and measured to be false, or what nobody can show."""
SAID = (".md", ".py", ".ipynb", ".cff", ".toml", ".yaml", ".j2")


def test_no_text_claims_what_is_not_kept():
    folders = (ROOT / "src", ROOT / "conf", ROOT / "docs", ROOT / "notebooks")
    texts = [path for folder in folders for path in folder.rglob("*") if path.suffix in SAID]
    claims = []
    for path in (*texts, *(ROOT / name for name in ("README.md", "CITATION.cff", "pyproject.toml"))):
        text = " ".join(path.read_text(encoding="utf-8").split())
        claims += [f"{path.relative_to(ROOT)}: {match[0]}" for match in UNPROVEN.finditer(text)]
    assert not claims


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_map_names_every_folder(folder):
    assert f"`{folder}/`" in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def commands(document: Path) -> list[list[str]]:
    blocks = re.findall(r"^```(?:bash)?\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line.split() for block in blocks for line in block.splitlines() if line.startswith("riddle")]


def test_the_read_me_shows_commands():
    assert {line[0] for line in commands(ROOT / "README.md")} >= {"riddle", "riddle-train", "riddle-eval"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_shown_exist(document):
    for program, *arguments in commands(document):
        if program == "riddle":
            assert arguments[0] in VERBS, f"riddle {arguments[0]}"
        else:
            assert program.removeprefix("riddle-") in CONFIGS, program


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_config_groups_that_are_shown_have_the_option(document):
    groups = {path.name: {option.stem for option in path.glob("*.yaml")} for path in (ROOT / "conf").iterdir()}
    shown = re.findall(r"(?<=[ `])([a-z_]+)=([a-z_0-9]+)(?=[ `,\n])", document.read_text(encoding="utf-8"))
    wrong = [f"{group}={option}" for group, option in shown if groups.get(group) and option not in groups[group]]
    assert not wrong
