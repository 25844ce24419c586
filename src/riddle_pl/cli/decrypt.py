"""``riddle decrypt``: a record and its password to the recovered face, in its picture where that is at hand."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import Device, Pack, PasswordFile, PasswordStdin, Quiet, say, working

app = typer.Typer(add_completion=False)


@app.command()
def decrypt(
    record: Annotated[Path, typer.Argument(help="The .riddle file that riddle encrypt wrote.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Picture to write; NAME_recovered.png beside RECORD by default.")
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="The anonymised picture; by default the one beside RECORD with its name.")
    ] = None,
    face_only: Annotated[
        bool, typer.Option("--face-only", help="Write the recovered face without its picture.")
    ] = False,
    pack: Pack = "lite",
    device: Device = "cpu",
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    quiet: Quiet = False,
) -> None:
    """Recover the face from a record, with the password that encrypted it.

    With a deniable record every password gives some face, and nothing tells whether it was the right one. With a
    sealed record the right password gives the original pixels, and a wrong one is an error.

    Example: riddle decrypt portrait_anonymised.riddle
    """
    from riddle_pl.device import resolve_device
    from riddle_pl.errors import ConfigError
    from riddle_pl.packs import load_pack
    from riddle_pl.password_input import read_password
    from riddle_pl.photos.load import load_image
    from riddle_pl.photos.outputs import check_new_picture, picture_beside, save_picture
    from riddle_pl.photos.pseudonymise import Pseudonymiser
    from riddle_pl.photos.record import Record

    if face_only and image is not None:
        raise ConfigError("--face-only and --image were both given; choose one")
    loaded = Record.load(record)
    stem = record.stem.removesuffix("_anonymised")
    target = check_new_picture(record.with_name(f"{stem}_recovered.png") if out is None else out, "-o")
    source = None if face_only else image or picture_beside(record)
    photo = None if source is None else load_image(source)
    pseudonymiser = Pseudonymiser(load_pack(pack), device=resolve_device(device))
    pseudonymiser.check(loaded, photo)
    password = read_password(password_file, password_stdin)
    with working("decrypting", quiet):
        save_picture(pseudonymiser.decrypt(loaded, password, photo), target)
    say(quiet, f"recovered: {target}" + (f" (in {source})" if source is not None else " (the face alone)"))
    if loaded.mode == "deniable":
        say(quiet, "The record is deniable: nothing can tell whether the password was the right one.")
