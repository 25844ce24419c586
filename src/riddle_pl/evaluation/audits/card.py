"""The section of a model card that an audit fills."""

from collections.abc import Sequence
from pathlib import Path

from riddle_pl.errors import PackError
from riddle_pl.evaluation.audits.audit import Audit, Picture
from riddle_pl.evaluation.audits.report import sections, write_picture
from riddle_pl.evaluation.report.report import Report
from riddle_pl.files import require_writable_dir
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.card import PICTURES, put_section, require_card


def check_export(folder: Path, pack: Pack, role: str) -> None:
    """Checks that the card in ``folder`` is of the audited network.

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
    require_card(folder, role)
    require_writable_dir(folder, "pack folder")


def write_section(folder: Path, audit: Audit, report: Report, pictures: Sequence[Picture]) -> list[Path]:
    """Writes the figures into the card, replacing earlier ones of the same audit, and shareable pictures.

    Returns the files that were written.

    Raises:
        FileError: they cannot be written.
        PackError: the card is gone.
    """
    written = []
    lines = [audit.heading, "", *sections(report, 3)]
    for picture in pictures:
        if picture.shareable:
            place = require_writable_dir(folder / PICTURES, "folder of pictures", create=True)
            path = write_picture(place, f"{audit.role}_{picture.name}", picture.image, inside=folder)
            written.append(path)
            lines += ["", f"![{picture.caption}]({PICTURES}/{path.name})"]
    return [*written, put_section(folder, audit.role, "\n".join(lines))]
