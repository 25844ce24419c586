"""What earlier runs of a job have done, read from the output files themselves: there is no journal to lose.

A picture carries a mark of what it was made from (``origin``): a result of another photo under the
same name, or of another order, is never taken for the one that is asked for.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riddle_pl.errors import FileError
from riddle_pl.files import require_writable_dir, sha256_file
from riddle_pl.photos.jobs.metadata import is_covered, read_mark
from riddle_pl.photos.jobs.origin import made_from
from riddle_pl.photos.jobs.outputs import (
    finish_pair,
    picture_beside,
    require_record_result,
    require_result,
    sweep,
)
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.record.png import holds_record

REMEDY = "--force does it anew, or choose another -o"


@dataclass
class State:
    """The tasks of a job, by what is left to do.

    Args:
        left: those to do.
        finished: those that an earlier run did, with this order.
        failed: those whose outputs cannot be written, and why.
    """

    left: list[Task] = field(default_factory=list)
    finished: list[Task] = field(default_factory=list)
    failed: dict[Task, FileError] = field(default_factory=dict)


def job_state(
    tasks: Iterable[Task], orders: Callable[[], Mapping[str, Any]], archived: Collection[str] = (), force: bool = False
) -> State:
    """Which tasks are done. Outputs that a killed run left incomplete are completed or removed.

    Args:
        orders: gives what every photo is to become, as plain values; asked only where there are results.
        archived: entries of the job's archive.
        force: results of earlier runs are done anew.

    Raises:
        FileError: an output folder cannot be written to.
    """
    tasks = list(tasks)
    by_folder: dict[Path, set[str]] = {}
    for task in tasks:
        for output in (task.picture, *([task.record] if task.record else [])):
            by_folder.setdefault(output.parent, set()).add(output.name)
    for folder in by_folder:
        check_output_folder(folder)
    state = State()
    ordered: Mapping[str, Any] | None = None
    for task in tasks:
        try:
            done = is_done(task, archived, force)
            if done and not force:
                ordered = orders() if ordered is None else ordered
                _check_origin(task, ordered)
            (state.finished if done and not force else state.left).append(task)
        except FileError as error:
            state.failed[task] = error
    for folder, names in by_folder.items():
        sweep(folder, names)
    return state


def is_done(task: Task, archived: Collection[str] = (), force: bool = False) -> bool:
    """Whether a task's outputs are there, complete.

    Raises:
        FileError: only one of them is, or something else is in their place; with ``force``: one that riddle did not
            write.
    """
    picture, record = task.picture, task.record
    if force:
        _check_own(task)
    if record is not None and finish_pair(picture, record):
        return True
    if picture.is_file() and task.entry in archived:
        return True
    if picture.is_file() and record is None and holds_record(picture):
        return True
    if picture.is_file() and not (record and record.exists()) and is_covered(picture):
        return True
    if force:
        return False
    _check_own(task)  # before anything is said of --force
    if task.entry in archived:
        raise FileError(f"the archive has a record for {picture}, which is not there; choose another archive")
    if record is not None and record.exists() and not picture.exists():
        raise FileError(f"output {record} exists already, and its picture {picture} does not; {REMEDY}")
    for output in (picture, record):
        if output is not None and output.exists():
            raise FileError(f"output {output} exists already, and is not a whole result of this command; {REMEDY}")
    return False


def _check_own(task: Task) -> None:
    """Makes sure that nothing but an earlier result is written over, and no other picture's record.

    Raises:
        FileError: something else is there.
    """
    picture, record = task.picture, task.record
    require_result(picture)
    if record is None:
        return
    require_record_result(record, "--record or -o")
    other = picture_beside(record)
    if record.exists() and not picture.exists() and other is not None and read_mark(other) is not None:
        raise FileError(
            f"output {record} is the record of {other}, which could not be recovered without it; choose another with "
            "--record or -o"
        )


def _check_origin(task: Task, orders: Mapping[str, Any]) -> None:
    """Makes sure that a result is of this photo and this order.

    Raises:
        FileError: it is not, or does not say what it is of.
    """
    mark = read_mark(task.picture)
    if mark is None:
        raise FileError(f"output {task.picture} does not say what it was made from; {REMEDY}")
    if not mark.fits(made_from(sha256_file(task.photo), orders)):
        raise FileError(f"output {task.picture} was made from another photo, or with another mode or setting; {REMEDY}")


def check_output_folder(folder: Path) -> None:
    """Makes sure that files can be written to a folder, or that it can be made if it is missing; makes nothing yet.

    Raises:
        FileError: neither.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    require_writable_dir(folder, "output folder")
