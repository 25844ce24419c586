"""Sections of a model card that are written after the network: ``## Curves`` and ``## Audit``."""

import re
from pathlib import Path

from riddle_pl.errors import PackError
from riddle_pl.files import require_file, write_text

PICTURES = "pictures"
"""Folder of a pack that holds the pictures of its cards."""

LAST = "## Licence and use"
"""Section that stays at the end of a card."""


def require_card(folder: Path, role: str) -> Path:
    """The model card of a role in a pack's folder.

    Raises:
        PackError: there is none.
    """
    return require_file(folder / f"{role}.md", "model card", PackError)


def put_section(folder: Path, role: str, section: str) -> Path:
    """Writes ``section`` into a role's card, in place of an earlier one of that heading; returns the card.

    Raises:
        PackError: the card is gone.
        FileError: it cannot be written.
    """
    card = require_card(folder, role)
    text = with_section(card.read_text(encoding="utf-8"), section)
    write_text(card, text, inside=folder)
    return card


def with_section(card: str, section: str) -> str:
    """The card with ``section`` instead of its section of that heading, else before :data:`LAST`, else at its end."""
    section = f"{section.rstrip()}\n\n"
    heading = re.escape(section.partition("\n")[0])
    earlier = re.compile(rf"^{heading}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if earlier.search(card):
        return earlier.sub(lambda _: section, card, count=1).rstrip() + "\n"
    before, last, after = card.partition(f"{LAST}\n")
    return f"{before.rstrip()}\n\n{section}{last}{after}".rstrip() + "\n"
