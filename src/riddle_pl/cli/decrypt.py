"""``riddle decrypt``: records and their password to the recovered faces, in their pictures where those are at hand."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import (
    Device,
    FacePasswords,
    Force,
    PackSize,
    PasswordFile,
    PasswordStdin,
    Quiet,
    RecordsPack,
    Settings,
    SyntheticNote,
)

app = typer.Typer(add_completion=False)


@app.command()
def decrypt(
    records: Annotated[
        list[Path],
        typer.Argument(help="What riddle encrypt wrote: .riddle files, pictures or archives with records, folders."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Picture to write, or folder; NAME_recovered.png beside RECORD by default."),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(help="The anonymised picture (of an archive: their folder); by default the one beside RECORD."),
    ] = None,
    face_only: Annotated[
        bool, typer.Option("--face-only", help="Write the recovered face without its picture.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help="Recover only these faces: indices in the record.")] = None,
    image_only: Annotated[
        bool, typer.Option("--image-only", help="Do without the record's code: read it back from the picture.")
    ] = False,
    salt: Annotated[
        str | None, typer.Option(help="With --image-only and no record: the salt, 32 hex digits (riddle inspect).")
    ] = None,
    pack: RecordsPack = None,
    pack_size: PackSize = None,
    encryptor: Annotated[
        str | None, typer.Option(help="With --image-only and no record: role of the encryptor in the pack.")
    ] = None,
    settings: Settings = None,
    device: Device = "cpu",
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    face_password_file: FacePasswords = None,
    synthetic_note: SyntheticNote = True,
    force: Force = False,
    quiet: Quiet = False,
) -> int:
    """Recover the faces from records, with the password that encrypted them.

    With a deniable record every password gives some face and no error. With a sealed record the right password gives
    the original pixels, and a wrong one is an error. Exit status: 0 if all
    records were decrypted, 1 if some of several were skipped, 2 for errors.

    Examples: riddle decrypt portrait_anonymised.riddle

    riddle decrypt shared/ -o recovered/
    """
    from riddle_pl.cli.decrypt_job import Decryption, decrypt_pictures, decrypt_records
    from riddle_pl.cli.password_input import read_face_passwords, read_password
    from riddle_pl.device import resolve_device
    from riddle_pl.errors import ConfigError
    from riddle_pl.packs import choose_pack, pack_of_record
    from riddle_pl.photos.build import build_pseudonymiser, pseudonymiser_for
    from riddle_pl.photos.choices import parse_faces

    if face_only and image is not None:
        raise ConfigError("--face-only and --image were both given; choose one")
    if salt is not None and not image_only:
        raise ConfigError("--salt is for --image-only; a record has its own salt")
    chosen = parse_faces(only or (), "--only")
    if chosen.people:
        raise ConfigError(f"--only {chosen.people[0]} is a photo; give indices of faces in the record")
    where = resolve_device(device)
    job = Decryption(
        lambda record: pseudonymiser_for(
            record, pack_of_record(record.pack_name, pack, pack_size), settings or (), where
        ),
        lambda: build_pseudonymiser(choose_pack(pack, pack_size), settings or (), encryptor, where),
        lambda: read_password(password_file, password_stdin),
        read_face_passwords(face_password_file or (), "--face-password-file"),
        chosen.indices or None,
        synthetic_note,
        quiet,
        force,
    )
    if image_only:
        return decrypt_pictures(job, records, out, image, face_only, salt)
    return decrypt_records(job, records, out, image, face_only)
