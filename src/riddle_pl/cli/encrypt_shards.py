"""``riddle encrypt`` on tar archives, shared by any number of processes."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from riddle_pl.cli.encrypt_order import Chosen, EncryptJob, described_job
from riddle_pl.cli.encrypt_report import SAID
from riddle_pl.cli.options import say, warn, working
from riddle_pl.cli.password_input import asked_password, given_password, read_face_passwords
from riddle_pl.cli.password_strength import weakness
from riddle_pl.cli.shards import do_shards, plan_shards, refuse_file_options
from riddle_pl.errors import DataError, FileError, PhotoError, RecordError, one_line
from riddle_pl.photos.choices import OnFailure
from riddle_pl.photos.jobs.outcome import Status
from riddle_pl.photos.jobs.plan import ENCRYPTED
from riddle_pl.photos.jobs.state import ANEW
from riddle_pl.process import share_one_heap

if TYPE_CHECKING:
    from riddle_pl.cli.encrypt_work import Work


def run_shards(job: EncryptJob) -> int:
    """Encrypts the photos of this process's archives; returns the exit status.

    Raises:
        RiddleError: an option, an archive, or an output is at fault.
    """
    of_files = {
        "--record": job.record is not None,
        "--archive": job.archive is not None,
        "--embed": job.embed,
        "--json": job.report is not None,
        "--keep-time": job.keep_time,
        "--suffix": job.suffix != ENCRYPTED,
    }
    out = refuse_file_options(of_files, job.out)
    chosen = Chosen.parse(job)
    plan = plan_shards(job.photos, out, job.part, described_job(job), job.force, job.quiet)
    if not plan.left:
        return 0
    password = given_password(job.password_file, job.password_stdin) or asked_password(confirm=True)
    passwords = read_face_passwords(job.face_password_files, "--face-password-file")
    for line in {weakness(text) for text in (password, *passwords.values())} - {""}:
        warn(line)
    share_one_heap()

    from riddle_pl.cli.encrypt_work import Work
    from riddle_pl.photos.jobs.shards import encrypt_shard
    from riddle_pl.photos.record.known_leaks import SEVERAL, note

    with working("loading the networks", job.quiet):
        work = Work.load(job, chosen)
    for line in work.told:
        say(job.quiet, line, sys.stderr)
    _check_password(work, plan.done, (password, *passwords.values()))
    orders = work.orders(password, passwords)

    def encrypt(archive: Path, target: Path) -> Iterator[tuple[str, str | None]]:
        for outcome in encrypt_shard(archive, target, work.pseudonymiser, orders, job.batch_size, job.jobs):
            word = SAID.get(str(outcome.status), str(outcome.status))
            verb = "covered a face" if outcome.status is Status.COVERED else "left out"
            if outcome.error is None or job.on_failure is OnFailure.ERROR:  # which ends the job
                yield word, None
            else:
                yield word, f"{verb}: {one_line(outcome.error)}"

    status = do_shards(plan.left, encrypt, job.quiet)
    coder = work.pseudonymiser.coder
    for line in (note(coder.tokens.name, coder.reads), SEVERAL):
        say(job.quiet, f"note: {line}")
    return status


def _check_password(work: "Work", done: Mapping[Path, Path], passwords: Iterable[str]) -> None:
    """Makes sure that earlier results are of this password: looks at the first that can tell.

    Raises:
        FileError: it is of another one.
    """
    from riddle_pl.photos.jobs.password_check import made_with
    from riddle_pl.photos.jobs.shards import first_record

    for archive, target in done.items():
        try:
            found = first_record(archive, target)
            if found is None:
                continue
            shard, task, record = found
            fits = made_with(task, shard.load, record, passwords, work.pseudonymiser)
        except (DataError, PhotoError, RecordError):
            continue
        if not fits:
            raise FileError(f"output {target} was made with another password; {ANEW}")
        return
