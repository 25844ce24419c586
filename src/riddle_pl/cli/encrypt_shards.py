"""``riddle encrypt`` on tar archives, shared by any number of processes."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from riddle_pl.cli.encrypt_job import prepare
from riddle_pl.cli.encrypt_order import EncryptJob, described_job
from riddle_pl.cli.encrypt_report import SUMMARY_TERMS
from riddle_pl.cli.options import say
from riddle_pl.cli.shards import do_shards, plan_shards, refuse_file_options
from riddle_pl.errors import one_line
from riddle_pl.photos.choices import OnFailure
from riddle_pl.photos.jobs.outcome import Status
from riddle_pl.photos.jobs.plan import ENCRYPTED

if TYPE_CHECKING:
    from riddle_pl.cli.encrypt_job import Results


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
    plan = plan_shards(job.photos, out, job.part, described_job(job), job.force, job.quiet)
    if not plan.left:
        return plan.status

    def earlier() -> "Results":
        from riddle_pl.photos.jobs.shards import first_finished

        return ((target, partial(first_finished, archive, target)) for archive, target in plan.done.items())

    pseudonymiser, orders = prepare(job, earlier)

    from riddle_pl.photos.jobs.shards import encrypt_shard
    from riddle_pl.photos.record.known_leaks import SEVERAL, note

    def encrypt(archive: Path, target: Path) -> Iterator[tuple[str, str | None]]:
        for outcome in encrypt_shard(archive, target, pseudonymiser, orders, job.batch_size, job.jobs):
            word = SUMMARY_TERMS.get(str(outcome.status), str(outcome.status))
            verb = "covered a face" if outcome.status is Status.COVERED else "left out"
            if outcome.error is None or job.on_failure is OnFailure.ERROR:  # which ends the job
                yield word, None
            else:
                yield word, f"{verb}: {one_line(outcome.error)}"

    status = do_shards(plan.left, encrypt, job.quiet)
    for line in (note(pseudonymiser.coder.tokens.name, pseudonymiser.coder.reads_context), SEVERAL):
        say(job.quiet, f"note: {line}")
    return status or plan.status
