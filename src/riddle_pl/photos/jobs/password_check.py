"""Whether an earlier result was made with the password of this run: told by the photo, which only its owner has.

Neither a deniable record nor its picture may tell. But who encrypts has the photo: its face's code, encrypted with the
record's salt and nonce, is the code in the record, or is not; see :meth:`FaceCoder.is_same`.
"""

from collections.abc import Iterable

from riddle_pl.errors import PasswordError
from riddle_pl.faces.align import align_face
from riddle_pl.key import derive_key
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.jobs.read import Loader, fit
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.record import Record


def record_of(task: Task) -> Record | None:
    """The record beside or inside a finished picture; None where it is in an archive, or there is none."""
    if task.record is None:
        return Record.load_embedded(task.picture)
    return Record.load(task.record) if task.record.is_file() else None


def made_with(task: Task, load: Loader, record: Record, passwords: Iterable[str], pseudonymiser: Pseudonymiser) -> bool:
    """Whether the first face of a record was encrypted with one of the passwords.

    Args:
        load: reads the task's photo.

    Raises:
        PhotoError, RecordError: the photo cannot be read, or the record was made with another pack.
    """
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
