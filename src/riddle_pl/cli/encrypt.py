"""``riddle encrypt``: replaces the faces in photos with those of other people, and writes records."""

from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import (
    BatchSize,
    Device,
    FacePasswords,
    Force,
    Jobs,
    MaxSize,
    Pack,
    PackSize,
    Part,
    PasswordFile,
    PasswordStdin,
    Quality,
    Quiet,
    Settings,
    SyntheticNote,
)

app = typer.Typer(add_completion=False)


@app.command()
def encrypt(
    photos: Annotated[
        list[Path], typer.Argument(help="Photos and folders of them, or .tar archives and folders of those.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Picture to write, or folder; PHOTO_anonymised.EXT beside PHOTO by default."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Record to write, for one photo; the picture's name with .riddle.")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="One file (.zip) for all records, instead of one beside each picture.")
    ] = None,
    embed: Annotated[bool, typer.Option("--embed", help="Put the record into the picture, a PNG.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Encrypt only these faces: indices, 0 the largest, or a person's photo.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--except", help="Leave these faces as they are: indices or a person's photo.")
    ] = None,
    not_a_face: Annotated[
        list[str] | None,
        typer.Option("--not-a-face", help="Indices of what is taken for a face and is none: 2, or 1,3."),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(help="deniable: any password gives a face; sealed: it also keeps the original pixels, encrypted."),
    ] = "deniable",
    linkable: Annotated[
        bool, typer.Option("--linkable", help="The same password makes the same person in every photo.")
    ] = False,
    on_failure: Annotated[
        str, typer.Option(help="Photos that fail the gate: error (stop), solid (cover the face), skip.")
    ] = "error",
    pack: Pack = None,
    pack_size: PackSize = None,
    encryptor: Annotated[
        str | None,
        typer.Option(
            help="Role of the encryptor in the pack, or paper: the transformer of the paper. By default "
            "encryptor-padded where the pack has it, else encryptor."
        ),
    ] = None,
    settings: Settings = None,
    device: Device = "cpu",
    batch_size: BatchSize = 8,
    jobs: Jobs = 2,
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    face_password_file: FacePasswords = None,
    synthetic_note: SyntheticNote = True,
    json: Annotated[
        Path | None, typer.Option(help="Write a report of every face as JSON; - is standard output.")
    ] = None,
    force: Force = False,
    keep_time: Annotated[
        bool, typer.Option("--keep-time", help="Give the pictures the time of their photo's file.")
    ] = False,
    suffix: Annotated[
        str, typer.Option(help="Ending of the pictures' names, with a format if that is to be another: _safe.jpg.")
    ] = "_anonymised",
    quality: Quality = None,
    max_size: MaxSize = None,
    part: Part = None,
    quiet: Quiet = False,
) -> int:
    """Turn the faces in photos into other people, with a password.

    The password comes from --password-file, --password-stdin, the environment variable RIDDLE_PASSWORD, or a prompt.
    This is pseudonymisation, not anonymisation: the record and the password bring the person back. What the record
    alone tells depends on the encryptor, in both modes: with encryptor-padded, what the photo shows around the face;
    with any other, whoever has it can test guesses of the password and link it to other records (docs/security.md).
    Metadata of the photos (place, time, camera) is not copied. In folders, photos that are finished, with this mode and
    these settings, are skipped: an interrupted job continues when it is run again. Exit status: 0 if all is encrypted,
    1 if photos were skipped or faces covered, 2 for errors.

    Of photos in .tar archives (WebDataset shards) the pictures and records go into archives of the same names in -o;
    archives that are there already are skipped, and under torchrun or srun each process takes its part.

    Examples: riddle encrypt portrait.jpg

    riddle encrypt holiday/ -o shared/ --on-failure skip

    srun riddle encrypt shards/ -o encrypted/ --on-failure skip --password-file pw
    """
    from riddle_pl.archives import parse_part
    from riddle_pl.cli.options import check_names
    from riddle_pl.errors import ConfigError
    from riddle_pl.photos.choices import MODES, OnFailure

    # What can be refused without the networks is refused before they are imported, which takes seconds.
    if mode not in MODES:
        raise ConfigError(f"--mode is {mode!r}; choose from {', '.join(MODES)}")
    if on_failure not in list(OnFailure):
        raise ConfigError(f"--on-failure is {on_failure!r}; choose from {', '.join(OnFailure)}")
    if archive is not None and (embed or record is not None):
        raise ConfigError(f"--archive and --{'embed' if embed else 'record'} were both given; choose one")
    if archive is not None and force:
        raise ConfigError("--archive and --force were both given; an archive's records stay, choose another archive")
    check_names(pack, device, settings, pack_size, encryptor)
    if part is not None:
        parse_part(part)

    from riddle_pl.cli.encrypt_order import EncryptJob
    from riddle_pl.photos.jobs.plan import in_archives

    job = EncryptJob(
        photos=tuple(photos),
        out=out,
        record=record,
        archive=archive,
        embed=embed,
        only=tuple(only or ()),
        without=tuple(without or ()),
        not_faces=tuple(not_a_face or ()),
        mode=mode,
        linkable=linkable,
        on_failure=OnFailure(on_failure),
        pack=pack,
        pack_size=pack_size,
        encryptor=encryptor,
        settings=tuple(settings or ()),
        device=device,
        batch_size=batch_size,
        jobs=jobs,
        password_file=password_file,
        password_stdin=password_stdin,
        face_password_files=tuple(face_password_file or ()),
        note=synthetic_note,
        report=json,
        force=force,
        keep_time=keep_time,
        suffix=suffix,
        quality=quality,
        max_size=max_size,
        quiet=quiet,
        part=part,
    )
    if in_archives(photos):
        from riddle_pl.cli.encrypt_shards import run_shards

        return run_shards(job)
    if part is not None:
        raise ConfigError(f"--part {part} is for .tar archives; leave it out")

    from riddle_pl.cli.encrypt_job import run

    return run(job)
