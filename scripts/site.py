"""Hooks of ``make docs`` (mkdocs.yml): what the site has beside the pages of ``docs/``.

* README, CONTRIBUTING and CHANGELOG become pages of the site; so does one API page for each room of the package.
* Links that lead out of ``docs/`` and work in the repository lead to these pages, or become text where the site has no
  page for the file. A link to a file that is not there is left as it is, so that ``--strict`` stops at it.
"""

import ast
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "riddle_pl"
DOCUMENTS = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Documents of the repository's root, and their pages."""

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|exc):(?=<code>)")
"""reStructuredText's roles, which our docstrings use and Markdown shows as text."""

FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["']?https?:|"""
    r"""<link\b(?=[^>]*\brel=["']?(?:stylesheet|preconnect|preload|icon))[^>]*\bhref=["']?https?:"""
)
"""What a browser loads from elsewhere as soon as it shows a page; links that a reader follows are none of it."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made."""
    for source, uri in DOCUMENTS.items():
        files.append(File.generated(config, uri, content=(ROOT / source).read_text(encoding="utf-8")))
    rooms = {page(room): room for room in sorted(folder(PACKAGE))}
    for uri, room in rooms.items():
        files.append(File.generated(config, uri, content=api_page(room)))
    listed = [f"| [`{name(room)}`]({posixpath.basename(uri)}) | {summary(room)} |" for uri, room in rooms.items()]
    index = ["# API", "", "| package | what is there |", "|---|---|", *listed, ""]
    files.append(File.generated(config, "api/index.md", content="\n".join(index)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links within the repository to pages of the site."""
    uri = page.file.src_uri
    source = next((name for name, made in DOCUMENTS.items() if made == uri), f"docs/{uri}")

    def lead(match: re.Match[str]) -> str:
        picture, label, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        anchor = anchor or (Path(path).stem if path.endswith(".py") and "/_" not in path else "")
        found = site_uri(wanted, files)
        if found is not None:
            relative = posixpath.relpath(found, posixpath.dirname(uri) or ".")
            return f"{picture}[{label}]({relative}{anchor and f'#{anchor}'})"
        return label if (ROOT / wanted).exists() else match[0]

    return "\n".join(
        part if part.startswith("```") else LINK.sub(lead, part)
        for part in re.split(r"(?ms)^(```.*?^```)$\n?", markdown)
    )


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """What is left of reStructuredText in docstrings."""
    return re.sub(r"::</p>", ":</p>", ROLE.sub("", html)) if page.file.src_uri.startswith("api/") else html


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuses a page that loads anything from elsewhere."""
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} loads something from elsewhere: {found[0]}; a page must open offline")
    return output


def site_uri(path: str, files: Files) -> str | None:
    """The page or file of the site that shows a path of the repository; None: there is none."""
    if path in DOCUMENTS:
        return DOCUMENTS[path]
    if path.startswith("docs/") and files.get_file_from_path(path.removeprefix("docs/")) is not None:
        return path.removeprefix("docs/")
    place = ROOT / path
    if PACKAGE in (place, *place.parents) and (place.suffix == ".py" or (place / "__init__.py").is_file()):
        return page(place.parent if place.suffix == ".py" else place)
    return None


def folder(package: Path) -> list[Path]:
    """The package and all packages in it that have Python files."""
    inner = [path.parent for path in package.rglob("__init__.py") if "conf" not in path.relative_to(package).parts]
    return [path for path in inner if any(modules(path)) or (path / "__init__.py").stat().st_size]


def modules(room: Path) -> list[Path]:
    """Modules of a room, but for private ones."""
    return [path for path in sorted(room.glob("*.py")) if not path.stem.startswith("_")]


def name(room: Path) -> str:
    """Dotted name of a room or a module."""
    return ".".join(room.relative_to(PACKAGE.parent).with_suffix("").parts)


def page(room: Path) -> str:
    """Its page."""
    return f"api/{name(room)}.md"


def summary(path: Path) -> str:
    """First paragraph of its docstring."""
    file = path / "__init__.py" if path.is_dir() else path
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return ROLE.sub("", " ".join(text.split("\n\n")[0].split()).replace("|", "\\|"))


def api_page(room: Path) -> str:
    """Docstrings of a room and its modules, for mkdocstrings to fill in."""
    parts = [f"# `{name(room)}`", "", summary(room), ""]
    for module in modules(room):
        parts += [f"## `{module.stem}`", "", f"::: {name(module)}", ""]
    return "\n".join(parts)
