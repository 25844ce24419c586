"""Sections of a model card that are written after the network: ``## Curves`` and ``## Audit``."""

import re
from pathlib import Path

from riddle_pl.auditing.report import AuditReport, write_picture
from riddle_pl.errors import PackError
from riddle_pl.files import atomic_write, require_file, require_writable_dir
from riddle_pl.packs import Pack, load_pack

HEADING = "## Audit"
PICTURES = "pictures"
"""Folder of a pack that holds the pictures of its cards."""

LAST = "## Licence and use"
"""Section that stays at the end of a card."""


def card_of(folder: Path, role: str) -> Path:
    """The model card of a role in a pack's folder."""
    return folder / f"{role}.md"


def check_export(folder: Path, pack: Pack, role: str) -> None:
    """Makes sure that figures of ``pack`` may go into the card in ``folder``.

    Raises:
        PackError: no pack, no card, or another network than the one under audit.
        FileError: the folder cannot be written to.
    """
    target = load_pack(folder)
    if target.verify(role) != pack.verify(role):
        raise PackError(
            f"export={folder} holds another {role} than pack {pack.name}: its card would state wrong figures; "
            f"give pack={folder} too"
        )
    require_file(card_of(folder, role), "model card", PackError)
    require_writable_dir(folder, "pack folder")


def write_section(folder: Path, role: str, report: AuditReport) -> list[Path]:
    """Writes the figures into the card, in place of an earlier audit's, and the pictures that may be shared.

    Returns the files that were written.

    Raises:
        FileError: they cannot be written.
        PackError: the card is gone.
    """
    written = []
    links = []
    for picture in report.findings.pictures:
        if picture.shareable:
            pictures = require_writable_dir(folder / PICTURES, "folder of pictures", create=True)
            path = write_picture(pictures, f"{role}_{picture.name}", picture.image)
            written.append(path)
            links.append(f"![{picture.caption}]({PICTURES}/{path.name})")
            links.append("")
    section = "\n".join([HEADING, "", *report.lines(3, links[:-1])])
    card = require_file(card_of(folder, role), "model card", PackError)
    text = with_section(card.read_text(encoding="utf-8"), section)
    with atomic_write(card) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return [*written, card]


def with_section(card: str, section: str) -> str:
    """The card with ``section`` instead of its section of that heading, else before :data:`LAST`, else at its end."""
    section = f"{section.rstrip()}\n\n"
    heading = re.escape(section.partition("\n")[0])
    earlier = re.compile(rf"^{heading}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if earlier.search(card):
        return earlier.sub(lambda _: section, card, count=1).rstrip() + "\n"
    before, last, after = card.partition(f"{LAST}\n")
    return f"{before.rstrip()}\n\n{section}{last}{after}".rstrip() + "\n"
