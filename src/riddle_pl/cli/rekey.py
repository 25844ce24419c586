"""``riddle rekey``: changes the password of a record."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riddle_pl.cli.options import (
    Device,
    Force,
    PasswordFile,
    PasswordStdin,
    Quality,
    Quiet,
    RecordsPack,
    Settings,
    SyntheticNote,
    say,
    working,
)

if TYPE_CHECKING:
    from riddle_pl.photos.jobs.rekey import Rekeyed
    from riddle_pl.photos.pseudonymise import Pseudonymiser
    from riddle_pl.photos.record.record import Record
    from riddle_pl.photos.rekey import Pixels

app = typer.Typer(add_completion=False)

CANNOT_KNOW = (
    "The record is deniable: riddle does not check the old password. Look at what the new one recovers before you "
    "delete the old record."
)


@app.command()
def rekey(
    record: Annotated[Path, typer.Argument(help="A .riddle file, or a PNG picture with a record inside.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Record (or PNG) to write; NAME_rekeyed by default."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over the old record, and over its picture if that changes.")
    ] = False,
    image: Annotated[
        Path | None, typer.Option(help="The picture of a deniable record; by default the one beside RECORD.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Change the password of these faces only: indices in the record.")
    ] = None,
    pack: RecordsPack = None,
    settings: Settings = None,
    device: Device = "cpu",
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    new_password_file: Annotated[Path | None, typer.Option(help="File that holds the new password.")] = None,
    synthetic_note: SyntheticNote = True,
    force: Force = False,
    quality: Quality = None,
    quiet: Quiet = False,
) -> None:
    """Give a record another password, without the original photo.

    A sealed record is opened and sealed anew; its picture stays. A deniable record is decrypted and encrypted anew,
    which changes the face in its picture too. The old record keeps its old password: delete it, or use --replace.
    Whoever has both can tell that they are of one photo, and try guesses on either (docs/security.md). The new password
    comes from --new-password-file, the environment variable RIDDLE_NEW_PASSWORD, or a prompt.

    Example: riddle rekey portrait_anonymised.riddle
    """
    # What can be refused without the networks is refused before they are imported, which takes seconds.
    from riddle_pl.cli.background import InBackground
    from riddle_pl.cli.options import check_names
    from riddle_pl.cli.password_input import asked_password, given_password
    from riddle_pl.errors import ConfigError
    from riddle_pl.photos.choices import parse_indices
    from riddle_pl.photos.jobs.compression import Compression
    from riddle_pl.photos.jobs.rekey import Rekeyed, find_record, write_rekeyed

    if replace and out is not None:
        raise ConfigError("--replace and -o were both given; choose one")
    chosen = parse_indices(only or (), "--only", "faces in the record")
    check_names(pack, device, settings, of_record=True)
    source, picture = find_record(record, image)

    def load() -> "tuple[Record, Rekeyed, Pixels | None, Pseudonymiser]":
        from riddle_pl.device import resolve_device
        from riddle_pl.faces.load import load_image
        from riddle_pl.photos.build import pseudonymiser_for

        old = source.load()
        files = Rekeyed.plan(source, picture, old.mode, out, replace, force)
        photo = None if files.picture is None or picture is None else load_image(picture)
        pseudonymiser = pseudonymiser_for(old, pack, None, settings or (), resolve_device(device))
        if old.mode == "deniable":
            pseudonymiser.check(old, photo)
        return old, files, photo, pseudonymiser

    given = given_password(password_file, password_stdin)
    given_new = given_password(new_password_file, variable="RIDDLE_NEW_PASSWORD")
    loading = InBackground(load)
    old = asked_password(what="Old password") if given is None else given
    new = asked_password(confirm=True, what="New password") if given_new is None else given_new
    with working("rekeying", quiet):
        old_record, files, photo, pseudonymiser = loading.result()

        from riddle_pl.photos.record.known_leaks import OLD_AND_NEW
        from riddle_pl.photos.rekey import rekey_deniable, rekey_sealed

        if old_record.mode == "sealed":
            made, changed = rekey_sealed(old_record, old, new, chosen or None), photo
        else:
            made, changed = rekey_deniable(old_record, old, new, photo, pseudonymiser, chosen or None)
        write_rekeyed(files, made, changed, synthetic_note, Compression(quality, picture))
    for line in files.lines():
        say(quiet, line)
    if old_record.mode == "deniable":
        say(quiet, CANNOT_KNOW)
    if not replace:
        say(quiet, f"note: {OLD_AND_NEW}")
