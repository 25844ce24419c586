"""Whether an earlier result was made with the password of this run: told by the photo, which only its owner has.

Neither a deniable record nor its picture may tell. But who encrypts has the photo: its face's code, encrypted with the
record's salt and nonce, is the code in the record, or is not; see :meth:`FaceCoder.is_same`.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from riddle_pl.errors import DataError, FileError, PasswordError, PhotoError, RecordError
from riddle_pl.faces.align import align_face
from riddle_pl.key import derive_key
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.jobs.read import Loader, fit, load_file
from riddle_pl.photos.jobs.state import REMEDY
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record


class Finished(NamedTuple):
    """A result of an earlier run.

    Attributes:
        task: its photo.
        load: reads the photo.
        record: its record.
    """

    task: Task
    load: Loader
    record: Record


def finished(task: Task) -> Finished | None:
    """The result of a task, with the record beside or inside its picture; None where that is in an archive or missing.

    Raises:
        RecordError: the record is damaged.
    """
    if task.record is None:
        return Finished(task, load_file, Record.load_embedded(task.picture))
    return Finished(task, load_file, Record.load(task.record)) if task.record.is_file() else None


def check_password(
    results: Iterable[tuple[Path, Callable[[], Finished | None]]],
    passwords: Iterable[str],
    pseudonymiser: Pseudonymiser,
) -> None:
    """Makes sure that earlier results were made with one of the passwords, by the first of them that can be checked.

    Args:
        results: the file of each, and what reads it.

    Raises:
        FileError: that result was made with another password.
    """
    for path, read in results:
        try:
            result = read()
            if result is None:
                continue
            same = _made_with(result, passwords, pseudonymiser)
        except (DataError, PhotoError, RecordError):
            continue
        if not same:
            raise FileError(f"output {path} was made with another password; {REMEDY}")
        return


def _made_with(result: Finished, passwords: Iterable[str], pseudonymiser: Pseudonymiser) -> bool:
    """Whether the first face of a record was encrypted with one of the passwords."""
    task, load, record = result
    keys = [derive_key(password, record.kdf) for password in dict.fromkeys(passwords)]
    if record.mode == "sealed":
        return any(_opens(record, key) for key in keys)
    coder, face = pseudonymiser.coder_for(record), record.faces[0]
    w = coder.invert(align_face(fit(load(task), max(record.image_size)), face.quad, coder.pack.size))
    context = record.contexts([0])
    return any(
        coder.is_same(coder.transform(w, coder.password(key, face.nonce), context), face.w_enc[None], context)
        for key in keys
    )


def _opens(record: Record, key: bytes) -> bool:
    try:
        record.unseal(key, 0)
    except PasswordError:
        return False
    return True
