"""What earlier runs of a job have done: asked of the files themselves, so that there is no journal to lose."""

from collections.abc import Collection, Iterable
from pathlib import Path

from riddle_pl.errors import FileError
from riddle_pl.files import require_writable_dir
from riddle_pl.photos.jobs_plan import Task
from riddle_pl.photos.metadata import is_covered
from riddle_pl.photos.outputs import finish_pair, sweep
from riddle_pl.photos.png_record import holds_record


def open_tasks(tasks: Iterable[Task], archived: Collection[str] = ()) -> list[Task]:
    """The tasks that are left. What a killed run left half done is completed or removed.

    Args:
        archived: entries of the job's archive.

    Raises:
        FileError: an output cannot be written, or its place is taken by something that is not this task's result;
            that is left as it is.
    """
    tasks = list(tasks)
    by_folder: dict[Path, set[str]] = {}
    for task in tasks:
        for output in (task.picture, *([task.record] if task.record else [])):
            by_folder.setdefault(output.parent, set()).add(output.name)
    for folder in by_folder:
        check_output_folder(folder)
    left = [task for task in tasks if not is_done(task, archived)]
    for folder, names in by_folder.items():
        sweep(folder, names)
    return left


def is_done(task: Task, archived: Collection[str] = ()) -> bool:
    """Whether a task's outputs are there, complete.

    Raises:
        FileError: only one of them is, or something else is in their place.
    """
    picture = task.picture
    if task.record is not None and finish_pair(picture, task.record):
        return True
    if picture.is_file() and task.entry in archived:
        return True
    if picture.is_file() and task.record is None and holds_record(picture):
        return True
    if picture.is_file() and not (task.record and task.record.exists()) and is_covered(picture):
        return True
    if task.entry in archived:
        raise FileError(f"the archive has a record for {picture}, which is not there; choose another archive")
    for output in (picture, task.record):
        if output is not None and output.exists():
            option = "-o" if output is picture else "--record or -o"
            raise FileError(f"output {output} exists already and is left as it is; choose another with {option}")
    return False


def check_output_folder(folder: Path) -> None:
    """Makes sure that files can be written to a folder, or that it can be made if it is missing; makes nothing yet.

    Raises:
        FileError: neither.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    require_writable_dir(folder, "output folder")
