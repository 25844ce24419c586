"""``riddle inspect``: shows the contents of records, and what they reveal without the password."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riddle_pl.cli.options import console, plural

if TYPE_CHECKING:
    from riddle_pl.photos.jobs.sources import Source
    from riddle_pl.photos.record.record import Record

app = typer.Typer(add_completion=False)

MODES = {
    "deniable": "deniable (any password gives a face and no error)",
    "sealed": "sealed (holds the original pixels under AES-256-GCM; a wrong password is an error)",
}
OPEN = (
    "that a picture of this size was made with this pack",
    "where its encrypted faces are, how large they are and how they are turned",
)
LINKABLE = "that it was made with --linkable: the same password makes the same person in other pictures"
NAMES = "to everyone who has the archive: the names of the pictures"
MEASURED = "how well, and with which command it was measured"


@app.command()
def inspect(
    records: Annotated[list[Path], typer.Argument(help="Records: .riddle files, pictures or archives, folders.")],
) -> None:
    """Show what records hold, and what they give away to everyone who has them. Needs no password and no networks.

    Example: riddle inspect portrait_anonymised.riddle
    """
    from riddle_pl.photos.jobs.sources import find_records

    sources = [source for path in records for source in find_records(path)]
    for source in sources:
        _print_table(_rows(source, source.load()))
        if len(sources) > 1:
            print()


def _rows(source: "Source", record: "Record") -> dict[str, str]:
    from riddle_pl.faces.align import quad_side

    kdf = record.kdf
    faces = []
    for index, face in enumerate(record.faces):
        x, y = face.quad.mean(axis=0)
        faces.append(f"{index}: square of {quad_side(face.quad):.0f} px around ({x:.0f}, {y:.0f})")
    size = len(record.to_bytes())
    return {
        "file": f"{_place(source)} ({size:,} bytes, format version {record.version})",
        "mode": MODES[record.mode],
        "photo": f"{record.image_size[0]} x {record.image_size[1]} pixels",
        f"faces ({len(faces)})": "\n".join(faces),
        "code": f"{record.w_enc.shape[1]} layers of {record.w_enc.shape[2]}, {str(record.w_enc.dtype)[6:]}",
        "pack": f"{record.pack_name} {record.pack_hash[:16]}",
        "encryptor": f"{record.encryptor_name} {record.encryptor_sha256[:16]}",
        "password": f"Argon2id, {_memory(kdf.memory_kib)}, {plural(kdf.time, 'pass', 'passes')}, "
        f"{plural(kdf.lanes, 'lane')}, "
        f"salt {kdf.salt.hex()}, {record.tokens} tokens",
        "gives away": "\n".join(_given_away(source, record)),
        "personal data": "yes: pseudonymised (GDPR Art. 4(5)), not anonymised",
    }


def _given_away(source: "Source", record: "Record") -> list[str]:
    from riddle_pl.photos.record.known_leaks import PAGE, given_away
    from riddle_pl.photos.record.linkable import is_linkable

    lines = [*OPEN, *given_away(record)]
    if is_linkable(record.kdf, record.pack_hash):
        lines.append(LINKABLE)
    if source.archived:
        lines.append(NAMES)
    return [*lines, f"{MEASURED}: {PAGE}"]


def _place(source: "Source") -> str:
    if source.archived:
        return f"{source.place} in archive {source.path}"
    return f"{source.path}, in the picture" if source.embedded else str(source.path)


def _memory(kib: int) -> str:
    return f"{kib} KiB" if kib % 1024 else f"{kib // 1024} MiB"


def _print_table(rows: dict[str, str]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None)
    for name, value in rows.items():
        table.add_row(name, escape(value))
    console().print(table)
