"""``riddle decrypt``: recovers the faces of records, and pastes them into their pictures where those are found."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riddle_pl.cli.options import (
    Device,
    FacePasswords,
    Force,
    PackSize,
    Part,
    PasswordFile,
    PasswordStdin,
    Quality,
    Quiet,
    RecordsPack,
    Settings,
    SyntheticNote,
)

if TYPE_CHECKING:
    from riddle_pl.photos.jobs.decrypt import Decryption

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
    pack: RecordsPack = None,
    pack_size: PackSize = None,
    settings: Settings = None,
    device: Device = "cpu",
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    face_password_file: FacePasswords = None,
    synthetic_note: SyntheticNote = True,
    force: Force = False,
    quality: Quality = None,
    part: Part = None,
    quiet: Quiet = False,
) -> int:
    """Recover the faces from records, with the password that encrypted them.

    With a deniable record every password gives some face and no error. With a sealed record the right password gives
    the original pixels, and a wrong one is an error. From .tar archives that riddle encrypt wrote, recovered pictures
    go into archives of the same names in -o. Exit status: 0 if all records were decrypted, 1 if some of several were
    skipped, 2 for errors.

    Examples: riddle decrypt portrait_anonymised.riddle

    riddle decrypt shared/ -o recovered/
    """
    # What can be refused without the networks is refused before they are imported, which takes seconds.
    from riddle_pl.archives import parse_part
    from riddle_pl.cli.background import InBackground
    from riddle_pl.cli.options import check_names, working
    from riddle_pl.cli.password_input import asked_password, given_password, read_face_passwords
    from riddle_pl.errors import ConfigError
    from riddle_pl.key import Password
    from riddle_pl.photos.choices import parse_indices
    from riddle_pl.photos.jobs.plan import in_archives
    from riddle_pl.photos.jobs.recover import nothing_left, plan_recovery

    if face_only and image is not None:
        raise ConfigError("--face-only and --image were both given; choose one")
    chosen = parse_indices(only or (), "--only", "faces in the record")
    check_names(pack, device, settings, pack_size, of_record=True)
    if part is not None:
        parse_part(part)

    def make() -> "Decryption":
        from riddle_pl.device import resolve_device
        from riddle_pl.photos.build import pseudonymiser_for
        from riddle_pl.photos.jobs.decrypt import Decryption

        where = resolve_device(device)
        return Decryption(
            lambda record: pseudonymiser_for(record, pack, pack_size, settings or (), where),
            only=chosen or None,
            note=synthetic_note,
            quality=quality,
            force=force,
        )

    if in_archives(records):
        from riddle_pl.cli.decrypt_shards import recover_shards
        from riddle_pl.cli.shards import plan_shards, refuse_file_options

        described = {
            "pack": pack,
            "pack_size": pack_size,
            "only": sorted(chosen),
            "settings": settings,
            "alone": face_only,
            "note": synthetic_note,
            "quality": quality,
        }
        folder = refuse_file_options({"--image": image is not None}, out)
        shards = plan_shards(records, folder, part, described, force, quiet)
        if not shards.left:
            return shards.status
        job = replace(
            make(),
            password=given_password(password_file, password_stdin) or asked_password(),
            passwords=read_face_passwords(face_password_file or (), "--face-password-file"),
        )
        return recover_shards(job, shards.left, face_only, described, quiet) or shards.status
    if part is not None:
        raise ConfigError(f"--part {part} is for .tar archives; leave it out")
    plan = plan_recovery(records, out, image, face_only, force)

    def load() -> "Decryption":
        made = make()
        made.prepare(plan)
        return made

    passwords = read_face_passwords(face_password_file or (), "--face-password-file")
    given = Password("") if nothing_left(plan, force) else given_password(password_file, password_stdin)
    loading = InBackground(load)
    password = asked_password() if given is None else given
    with working("loading the networks", quiet):
        made = loading.result()
    job = replace(made, password=password, passwords=passwords)

    from riddle_pl.cli.decrypt_job import decrypt_records

    single = len(plan) == 1 and not records[0].is_dir()
    return decrypt_records(job, plan, single, face_only, quiet)
