"""Runs a job of ``riddle encrypt`` whose options are valid.

No network is imported here, so that errors and the password prompt come at once.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from riddle_pl.cli.background import InBackground
from riddle_pl.cli.encrypt_order import EncryptJob, described_job
from riddle_pl.cli.encrypt_report import EncryptReport
from riddle_pl.cli.options import plural, say, warn, working
from riddle_pl.cli.password_input import asked_password, given_password, read_face_passwords
from riddle_pl.cli.password_strength import weakness
from riddle_pl.faces.load import load_image
from riddle_pl.photos.choices import OnFailure
from riddle_pl.photos.jobs.outcome import Outcome, Status
from riddle_pl.photos.jobs.plan import Plan, plan_encryption
from riddle_pl.photos.jobs.read import Loader, load_file
from riddle_pl.photos.jobs.state import State, check_output_folder, job_state
from riddle_pl.photos.record.archive import archived, move_into
from riddle_pl.process import share_one_heap, track

if TYPE_CHECKING:
    from riddle_pl.cli.encrypt_work import Loaded
    from riddle_pl.photos.jobs.encrypt import Orders
    from riddle_pl.photos.jobs.password_check import Finished
    from riddle_pl.photos.pseudonymise import Pseudonymiser

    Results = Iterable[tuple[Path, Callable[[], Finished | None]]]


def run(job: EncryptJob) -> int:
    """Encrypts the photos; returns the exit status.

    Raises:
        RiddleError: see ``encrypt_all``; or an option, an input, or an output is at fault.
    """
    if job.archive is not None:
        check_output_folder(job.archive.parent)
    plan = plan_encryption(job.photos, job.out, job.record, job.embed, job.archive is not None, job.suffix)
    stops = job.on_failure is OnFailure.ERROR
    report = EncryptReport(plan, job.report, job.quiet, warns=not stops, archive=job.archive)

    with report.kept():
        records = archived(job.archive) if job.archive else ()
        state = job_state(plan.tasks, lambda: described_job(job), records, job.force)
        report.finished_before(state.finished)
        for task, error in state.failed.items():
            report.add(Outcome(task, Status.FAILED, error=error))
            if stops:
                raise error
        single = len(job.photos) == 1 and not job.photos[0].is_dir()
        photo = load_image(job.photos[0]) if single else None  # refused before the password is asked for
        if state.left or state.finished:
            try:
                _work(job, state, report, load_file if photo is None else lambda _: photo)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_how_far(plan)) from None
    if job.archive is not None:
        tasks = plan.tasks
        move_into(job.archive, {t.entry: t.record for t in tasks if t.record is not None and t.record.is_file()})
    return report.finish(job.mode, job.archive)


def _work(job: EncryptJob, state: State, report: EncryptReport, load: Loader) -> None:
    """Encrypts what is left; ``load`` reads a photo."""

    def earlier() -> "Results":
        from riddle_pl.photos.jobs.password_check import finished

        return ((task.picture, partial(finished, task)) for task in state.finished)

    pseudonymiser, orders = prepare(job, earlier, bool(state.left))
    if not state.left:
        return
    if job.force and (replaced := sum(task.picture.exists() for task in state.left)):
        say(report.quiet, f"replacing {plural(replaced, 'picture')} of earlier runs")

    from riddle_pl.photos.jobs.encrypt import encrypt_all
    from riddle_pl.photos.record.known_leaks import note

    report.note = pseudonymiser.gate.note
    report.secrecy = note(pseudonymiser.coder.tokens.name, pseudonymiser.coder.reads_context)
    outcomes = encrypt_all(state.left, pseudonymiser, orders, job.batch_size, job.jobs, load)

    def name(outcome: Outcome) -> str:
        return outcome.task.photo.name

    for outcome in track(outcomes, len(state.left), "encrypting", job.quiet, name, job.batch_size):
        report.add(outcome)


def prepare(
    job: EncryptJob, earlier: Callable[[], "Results"], anything_left: bool = True
) -> "tuple[Pseudonymiser, Orders]":
    """Asks for the password while the networks are loaded; gives the pipeline, and what is to be done with every photo.

    Args:
        earlier: gives the results of earlier runs, which have to be of this password; see ``check_password``.
        anything_left: whether the password is to encrypt anything, so that a weak one deserves a warning.

    Raises:
        RiddleError: the password, the pack, a setting or the device is at fault.
    """

    def load_networks() -> "Loaded":
        from riddle_pl.cli.encrypt_work import load

        return load(job)

    share_one_heap()
    passwords = read_face_passwords(job.face_password_files, "--face-password-file")
    given = given_password(job.password_file, job.password_stdin)
    loading = InBackground(load_networks)
    password = asked_password(confirm=True) if given is None else given
    texts = (password, *passwords.values())
    warnings = {weakness(text) for text in texts} - {""} if anything_left else set()
    with working("loading the networks", job.quiet):
        pseudonymiser, orders, messages = loading.result()
    for line in messages:
        say(job.quiet, line, sys.stderr)

    from riddle_pl.photos.jobs.password_check import check_password

    check_password(earlier(), texts, pseudonymiser)
    for line in warnings:
        warn(line)
    return pseudonymiser, replace(orders, password=password, passwords=passwords)


def _how_far(plan: Plan) -> str:
    """For the user who has pressed Ctrl-C."""
    done = sum(task.picture.is_file() for task in plan.tasks)
    return f"{done} of {plural(len(plan.tasks), 'photo')} done; run the same command again for the rest"
