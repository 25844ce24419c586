"""``riddle inspect``: what a record holds; needs no password."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

MODES = {
    "deniable": "deniable (any password gives a face; nothing tells which is right)",
    "sealed": "sealed (holds the original pixels, encrypted; a wrong password is an error)",
}


def _memory(kib: int) -> str:
    return f"{kib} KiB" if kib % 1024 else f"{kib // 1024} MiB"


@app.command()
def inspect(record: Annotated[Path, typer.Argument(help="A .riddle file.")]) -> None:
    """Show what a record holds. Needs no password and no networks.

    Example: riddle inspect portrait_anonymised.riddle
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from riddle_pl.photos.align import quad_side
    from riddle_pl.photos.record import Record
    from riddle_pl.photos.record_file import FORMAT_VERSION

    loaded = Record.load(record)
    kdf = loaded.kdf
    faces = []
    for face in loaded.faces:
        x, y = face.quad.mean(axis=0)
        faces.append(f"square of {quad_side(face.quad):.0f} px around ({x:.0f}, {y:.0f})")
    rows = {
        "file": f"{record} ({record.stat().st_size:,} bytes, format version {FORMAT_VERSION})",
        "mode": MODES[loaded.mode],
        "photo": f"{loaded.image_size[0]} x {loaded.image_size[1]} pixels",
        f"faces ({len(faces)})": "\n".join(faces),
        "code": f"{loaded.w_enc.shape[1]} layers of {loaded.w_enc.shape[2]}, float32",
        "pack": f"{loaded.pack_name} {loaded.pack_hash[:16]}",
        "encryptor": f"{loaded.encryptor_name} {loaded.encryptor_sha256[:16]}",
        "password": f"Argon2id, {_memory(kdf.memory_kib)}, {kdf.time} passes, {kdf.lanes} lane(s), "
        f"salt {kdf.salt.hex()}, {loaded.tokens} tokens",
        "personal data": "yes: pseudonymised (GDPR Art. 4(5)), not anonymised",
    }
    table = Table(show_header=False, box=None)
    for name, value in rows.items():
        table.add_row(name, escape(value))
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(table)
