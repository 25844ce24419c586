"""Decrypts one record or many, and prints progress and summary, none of which depends on the password."""

from collections.abc import Sequence

from riddle_pl.cli.options import NOT_ALL_STATUS, plural, say, warn, working
from riddle_pl.errors import one_line
from riddle_pl.photos.jobs.decrypt import Decryption, recover_all
from riddle_pl.photos.jobs.recover import Recovery
from riddle_pl.photos.record.known_leaks import PAGE, UNCHECKED
from riddle_pl.process import track


def decrypt_records(job: Decryption, plan: Sequence[Recovery], single: bool, alone: bool, quiet: bool) -> int:
    """Decrypts records into pictures; returns the exit status.

    Args:
        job: what holds for all of them.
        plan: records and pictures.
        single: whether it is one record, whose fault is the job's.
        alone: recover faces without their pictures.
        quiet: print warnings only.
    """
    if single:
        return _decrypt_one(job, plan[0], quiet)
    there = [item for item in plan if item.target.exists()]
    left = list(plan) if job.force else [item for item in plan if item not in there]
    if there and job.force:
        say(quiet, f"replacing {plural(len(there), 'picture')} of earlier runs")
    elif there:
        exist = "exists already and stays as it is" if len(there) == 1 else "exist already and stay as they are"
        warn(f"{plural(len(there), 'output')} {exist}; --force replaces {'it' if len(there) == 1 else 'them'}")
    if gone := [] if alone else [item.source.place for item in left if item.picture is None]:
        warn(
            f"{plural(len(gone), 'record')} without a picture at hand ({gone[0]}{', ...' if len(gone) > 1 else ''}): "
            "recovering the faces alone"
        )
    skipped, deniable = 0, 0
    try:
        done = track(recover_all(job, left), len(left), "decrypting", quiet, lambda one: one.item.source.place.name)
        for item, record, error in done:
            deniable += record is not None and record.mode == "deniable"
            if error is not None:
                skipped += 1
                warn(f"skipped: {item.source.place}: {one_line(error)}")
    except KeyboardInterrupt:
        count = sum(item.target.is_file() for item in plan)
        raise KeyboardInterrupt(
            f"{count} of {plural(len(plan), 'picture')} recovered; run the same command again for the rest"
        ) from None
    say(quiet, f"{plural(len(left) - skipped, 'picture')} recovered, {skipped} skipped")
    if deniable:
        are = "record is" if deniable == 1 else "records are"
        say(quiet, f"{deniable} {are} deniable: riddle does not check the password; see {PAGE}")
    return NOT_ALL_STATUS if skipped or (there and not job.force) else 0


def _decrypt_one(job: Decryption, item: Recovery, quiet: bool) -> int:
    with working("decrypting", quiet):
        record = job.recover(item)
    where = "(the face alone)" if item.picture is None else f"(in {item.picture})"
    say(quiet, f"recovered: {item.target} {where}")
    if record.mode == "deniable":
        say(quiet, UNCHECKED)
    return 0
