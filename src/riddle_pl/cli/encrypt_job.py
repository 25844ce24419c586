"""What ``riddle encrypt`` does once its options are known to be in order.

No network is imported here: what can be refused without one is refused at once, and the password is asked for at once.
"""

import sys
from typing import TYPE_CHECKING

from riddle_pl.cli.encrypt_order import Chosen, EncryptJob, described_job
from riddle_pl.cli.encrypt_report import EncryptReport
from riddle_pl.cli.meanwhile import Meanwhile
from riddle_pl.cli.options import plural, say, warn, working
from riddle_pl.cli.password_input import asked_password, given_password, read_face_passwords
from riddle_pl.cli.password_strength import weakness
from riddle_pl.faces.load import load_image
from riddle_pl.photos.choices import OnFailure
from riddle_pl.photos.jobs.outcome import Outcome, Status
from riddle_pl.photos.jobs.plan import Plan, plan_encryption
from riddle_pl.photos.jobs.state import State, check_output_folder, look_around
from riddle_pl.photos.record.archive import archived, move_into
from riddle_pl.process import share_one_heap

if TYPE_CHECKING:
    from riddle_pl.cli.encrypt_work import Work


def run(job: EncryptJob) -> int:
    """Encrypts the photos; returns the exit status.

    Raises:
        RiddleError: see ``encrypt_all``; or an option, an input, or an output is at fault.
    """
    if job.archive is not None:
        check_output_folder(job.archive.parent)
    chosen = Chosen.parse(job)
    plan = plan_encryption(job.photos, job.out, job.record, job.embed, job.archive is not None, job.suffix)
    stops = job.on_failure is OnFailure.ERROR
    report = EncryptReport(plan, job.report, job.quiet, tells=not stops)

    with report.kept():
        records = archived(job.archive) if job.archive else ()
        state = look_around(plan.tasks, lambda: described_job(job), records, job.force)
        report.finished_before(state.finished)
        for task, error in state.failed.items():
            report.add(Outcome(task, Status.FAILED, error=error))
            if stops:
                raise error
        if len(job.photos) == 1 and not job.photos[0].is_dir():
            load_image(job.photos[0])  # before the networks are loaded and the password is asked for
        if state.left or state.finished:
            try:
                _work(job, chosen, state, report)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_how_far(plan)) from None
    if job.archive is not None:
        tasks = plan.tasks
        move_into(job.archive, {t.entry: t.record for t in tasks if t.record is not None and t.record.is_file()})
    return report.finish(job.mode, job.archive)


def _work(job: EncryptJob, chosen: Chosen, state: State, report: EncryptReport) -> None:
    """Asks for the password while the networks are loaded, and encrypts what is left."""

    def load() -> "Work":
        from riddle_pl.cli.encrypt_work import Work

        return Work.load(job, chosen)

    share_one_heap()
    passwords = read_face_passwords(job.face_password_files, "--face-password-file")
    given = given_password(job.password_file, job.password_stdin)
    loading = Meanwhile(load)
    password = asked_password(confirm=True) if given is None else given
    told = {weakness(text) for text in (password, *passwords.values())} - {""} if state.left else set()
    with working("loading the networks", job.quiet):
        work = loading.result()
    for line in work.told:
        say(job.quiet, line, sys.stderr)
    work.check_password(state.finished, (password, *passwords.values()))
    for line in told:
        warn(line)
    if state.left:
        if job.force and (replaced := sum(task.picture.exists() for task in state.left)):
            say(report.quiet, f"replacing {plural(replaced, 'picture')} of earlier runs")
        work.encrypt(state.left, work.orders(password, passwords), report)


def _how_far(plan: Plan) -> str:
    """For the user who has pressed Ctrl-C."""
    done = sum(task.picture.is_file() for task in plan.tasks)
    return f"{done} of {plural(len(plan.tasks), 'photo')} done; run the same command again for the rest"
