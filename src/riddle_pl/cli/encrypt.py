"""``riddle encrypt``: photos and a password to the photos with other people's faces, and records."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from riddle_pl.cli.options import (
    BatchSize,
    Device,
    FacePasswords,
    Jobs,
    Pack,
    PackSize,
    PasswordFile,
    PasswordStdin,
    Quiet,
    Settings,
    SyntheticNote,
    working,
)

app = typer.Typer(add_completion=False)


@app.command()
def encrypt(
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders of photos.")],
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
    quiet: Quiet = False,
) -> int:
    """Turn the faces in photos into other people, with a password.

    The password comes from --password-file, --password-stdin, the environment variable RIDDLE_PASSWORD, or a prompt.
    This is pseudonymisation, not anonymisation: the record and the password bring the person back. What the record
    alone tells depends on the encryptor, in both modes: with encryptor-padded (pack mobile) pose, outline and light;
    with any other, whoever has it can test guesses of the password and link it to other records (docs/security.md).
    Metadata of the photos (place, time, camera) is not copied. In folders, finished photos are skipped: an interrupted
    job continues when it is run again. Exit status: 0 if all is encrypted, 1 if photos were skipped or faces covered,
    2 for errors.

    Examples: riddle encrypt portrait.jpg

    riddle encrypt holiday/ -o shared/ --on-failure skip
    """
    from riddle_pl.cli.encrypt_report import EncryptReport
    from riddle_pl.data.progress import track
    from riddle_pl.device import resolve_device
    from riddle_pl.errors import ConfigError, FileError
    from riddle_pl.packs import choose_pack
    from riddle_pl.password_input import read_face_passwords, read_password
    from riddle_pl.photos.archive import archived, move_into
    from riddle_pl.photos.build import build_pseudonymiser
    from riddle_pl.photos.heap import share_one_heap
    from riddle_pl.photos.jobs import OnFailure, Orders, encrypt_all
    from riddle_pl.photos.jobs_plan import plan_encryption
    from riddle_pl.photos.jobs_state import check_output_folder, open_tasks
    from riddle_pl.photos.judges import best_judge
    from riddle_pl.photos.known_leaks import note
    from riddle_pl.photos.linkable import linkable_kdf
    from riddle_pl.photos.load import load_image
    from riddle_pl.photos.pseudonymise import MODES
    from riddle_pl.photos.select import parse_faces, selector

    if mode not in MODES:
        raise ConfigError(f"--mode is {mode!r}; choose from {', '.join(MODES)}")
    if on_failure not in list(OnFailure):
        raise ConfigError(f"--on-failure is {on_failure!r}; choose from {', '.join(OnFailure)}")
    if archive is not None and (embed or record is not None):
        raise ConfigError(f"--archive and --{'embed' if embed else 'record'} were both given; choose one")
    if archive is not None:
        check_output_folder(archive.parent)
    faces = (parse_faces(only or (), "--only"), parse_faces(without or (), "--except"))
    plan = plan_encryption(photos, out, record, embed, archived=archive is not None)
    report = EncryptReport(plan, json, quiet)
    tasks = open_tasks(plan.tasks, archived(archive) if archive else ())
    report.done = len(plan.tasks) - len(tasks)
    if len(photos) == 1 and not photos[0].is_dir():
        if not tasks:
            raise FileError(f"output {plan.tasks[0].picture} exists already; choose another with -o")
        load_image(photos[0])  # before the networks are loaded and the password is asked for
    if tasks:
        share_one_heap()
        opened = choose_pack(pack, pack_size, lambda line: quiet or print(line, file=sys.stderr))
        pseudonymiser = build_pseudonymiser(opened, settings or (), encryptor, resolve_device(device), batch_size)
        with working("loading the networks", quiet):
            pseudonymiser.coder.prepare()
            select = selector(*faces, pseudonymiser.find_faces, lambda: best_judge(opened, pseudonymiser.device))
        orders = Orders(
            password=read_password(password_file, password_stdin, confirm=True),
            passwords=read_face_passwords(face_password_file or (), "--face-password-file"),
            mode=mode,
            select=select,
            kdf=linkable_kdf(opened.fingerprint("generator")) if linkable else None,
            on_failure=OnFailure(on_failure),
            note=synthetic_note,
        )
        report.note = pseudonymiser.gate.note
        report.secrecy = note(pseudonymiser.coder.tokens.name)
        with report.kept():
            outcomes = encrypt_all(tasks, pseudonymiser, orders, batch_size, jobs)
            for outcome in track(outcomes, len(tasks), "encrypting", quiet):
                report.add(outcome)
    if archive is not None:
        move_into(archive, {t.entry: t.record for t in plan.tasks if t.record is not None and t.record.is_file()})
    return report.finish(mode, archive)
