"""What ``riddle encrypt`` does once its options are known to be in order."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riddle_pl.cli.encrypt_report import EncryptReport
from riddle_pl.cli.options import plural, say, warn, working
from riddle_pl.cli.password_input import read_face_passwords, read_password
from riddle_pl.cli.password_strength import weakness
from riddle_pl.device import resolve_device
from riddle_pl.errors import ConfigError, FileError, PhotoError, RecordError
from riddle_pl.faces.load import load_image
from riddle_pl.judging.gate_judges import best_judge
from riddle_pl.packs import Pack, choose_pack
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.choices import Faces, OnFailure, parse_faces
from riddle_pl.photos.jobs.encrypt import Orders, Outcome, Status, encrypt_all
from riddle_pl.photos.jobs.password_check import made_with, record_of
from riddle_pl.photos.jobs.plan import Task, plan_encryption
from riddle_pl.photos.jobs.state import ANEW, State, check_output_folder, look_around
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.archive import archived, move_into
from riddle_pl.photos.record.known_leaks import note
from riddle_pl.photos.record.linkable import linkable_kdf
from riddle_pl.photos.select import selector
from riddle_pl.process import share_one_heap, track


@dataclass(frozen=True)
class EncryptJob:
    """The options of ``riddle encrypt``, under their own names; see its help."""

    photos: tuple[Path, ...]
    out: Path | None
    record: Path | None
    archive: Path | None
    embed: bool
    only: tuple[str, ...]
    without: tuple[str, ...]
    not_faces: tuple[str, ...]
    mode: str
    linkable: bool
    on_failure: OnFailure
    pack: str | None
    pack_size: int | None
    encryptor: str | None
    settings: tuple[str, ...]
    device: str
    batch_size: int
    jobs: int
    password_file: Path | None
    password_stdin: bool
    face_password_files: tuple[str, ...]
    note: bool
    report: Path | None
    force: bool
    keep_time: bool
    quiet: bool

    def described(self, pack: Pack) -> dict[str, Any]:
        """All that decides what a picture becomes, but for the photo and the passwords."""
        names = ("mode", "linkable", "only", "without", "not_faces", "pack_size", "encryptor", "settings", "note")
        values = {name: getattr(self, name) for name in names}
        return {**values, "pack": pack.name, "generator": pack.fingerprint("generator")}


def run(job: EncryptJob) -> int:
    """Encrypts the photos; returns the exit status.

    Raises:
        RiddleError: see ``encrypt_all``; or an option, an input, or an output is at fault.
    """
    if job.archive is not None:
        check_output_folder(job.archive.parent)
    faces = (parse_faces(job.only, "--only"), parse_faces(job.without, "--except"))
    not_faces = parse_faces(job.not_faces, "--not-a-face")
    if not_faces.people:
        raise ConfigError(f"--not-a-face {not_faces.people[0]} is a photo; give indices of faces")
    plan = plan_encryption(job.photos, job.out, job.record, job.embed, archived=job.archive is not None)
    stops = job.on_failure is OnFailure.ERROR
    report = EncryptReport(plan, job.report, job.quiet, tells=not stops)
    opened = choose_pack(job.pack, job.pack_size, lambda line: say(job.quiet, line, sys.stderr))
    described = job.described(opened)
    with report.kept():
        state = look_around(plan.tasks, described, archived(job.archive) if job.archive else (), job.force)
        report.finished_before(state.finished)
        for task, error in state.failed.items():
            report.add(Outcome(task, Status.FAILED, error=error))
            if stops:
                raise error
        if len(job.photos) == 1 and not job.photos[0].is_dir():
            load_image(job.photos[0])  # before the networks are loaded and the password is asked for
        _work(job, state, opened, report, faces, not_faces.indices, described)
    if job.archive is not None:
        tasks = plan.tasks
        move_into(job.archive, {t.entry: t.record for t in tasks if t.record is not None and t.record.is_file()})
    return report.finish(job.mode, job.archive)


def _work(
    job: EncryptJob,
    state: State,
    opened: Pack,
    report: EncryptReport,
    faces: tuple[Faces, Faces],
    not_faces: frozenset[int],
    described: dict[str, Any],
) -> None:
    """Asks for the password, and encrypts what is left."""
    if not state.left and not state.finished:
        return
    share_one_heap()
    device = resolve_device(job.device)
    pseudonymiser = build_pseudonymiser(opened, job.settings, job.encryptor, device, job.batch_size)
    with working("loading the networks", job.quiet):
        pseudonymiser.coder.prepare()
        find, judge = pseudonymiser.find_faces, lambda: best_judge(opened, pseudonymiser.device)
        select = selector(faces[0], faces[1], find, judge)
    password = read_password(job.password_file, job.password_stdin, confirm=True)
    passwords = read_face_passwords(job.face_password_files, "--face-password-file")
    _check_password(state.finished, (password, *passwords.values()), pseudonymiser)
    if not state.left:
        return
    for said in {weakness(text) for text in (password, *passwords.values())} - {""}:
        warn(said)
    if job.force and (replaced := sum(task.picture.exists() for task in state.left)):
        say(report.quiet, f"replacing {plural(replaced, 'picture')} of earlier runs")
    orders = Orders(
        password=password,
        passwords=passwords,
        mode=job.mode,
        select=select,
        kdf=linkable_kdf(opened.fingerprint("generator")) if job.linkable else None,
        on_failure=job.on_failure,
        note=job.note,
        not_faces=not_faces,
        described=described,
        force=job.force,
        keep_time=job.keep_time,
    )
    report.note = pseudonymiser.gate.note
    report.secrecy = note(pseudonymiser.coder.tokens.name)
    outcomes = encrypt_all(state.left, pseudonymiser, orders, job.batch_size, job.jobs)
    for outcome in track(outcomes, len(state.left), "encrypting", job.quiet):
        report.add(outcome)


def _check_password(finished: Sequence[Task], passwords: Sequence[str], pseudonymiser: Pseudonymiser) -> None:
    """Makes sure that earlier results are of this password: looks at the first that can tell.

    Raises:
        FileError: it is of another one.
    """
    for task in finished:
        try:
            record = record_of(task)
            if record is None:
                continue
            fits = made_with(task, record, passwords, pseudonymiser)
        except (PhotoError, RecordError):
            continue
        if not fits:
            raise FileError(f"output {task.picture} was made with another password; {ANEW}")
        return
