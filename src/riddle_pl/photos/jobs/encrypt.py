"""Encrypting many photos: read ahead, encrypted a few at a time, written while the next ones are encrypted."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from riddle_pl.errors import ConfigError, NoFaceError, PhotoError, RiddleError
from riddle_pl.files import require_writable_dir, sha256_file
from riddle_pl.key import KdfParams
from riddle_pl.photos.choices import OnFailure
from riddle_pl.photos.gate.refusal import FaceRefusedError
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.metadata import COVERED_NOTE, SYNTHETIC_NOTE, marked
from riddle_pl.photos.jobs.origin import Mark, made_from
from riddle_pl.photos.jobs.outcome import Outcome, Status
from riddle_pl.photos.jobs.outputs import save_pair, save_picture
from riddle_pl.photos.jobs.plan import Task
from riddle_pl.photos.jobs.read import Loader, Photo, batches, load_file
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.reports import Encrypted, EncryptRequest
from riddle_pl.photos.select import Selector


@dataclass(frozen=True)
class Orders:
    """What is to be done with every photo.

    Args:
        password, passwords, mode: see :class:`riddle_pl.photos.reports.EncryptRequest`.
        select: which faces; all by default.
        kdf: a fresh salt per photo by default.
        on_failure: see :class:`OnFailure`.
        note: whether the pictures say that they are synthetic.
        not_faces: indices of what is no face, in every photo.
        described: all that decides what a picture becomes, but for the passwords, as plain values; for its mark.
        force: write over the results of earlier runs.
        keep_time: pictures get the time of their photo's file.
        quality: see :class:`riddle_pl.photos.jobs.compression.Compression`.
        max_size: longest side in pixels; larger photos are made smaller before anything else. None: any.
    """

    password: str = field(default="", repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    mode: str = "deniable"
    select: Selector = field(default_factory=Selector)
    kdf: KdfParams | None = None
    on_failure: OnFailure = OnFailure.ERROR
    note: bool = True
    not_faces: frozenset[int] = frozenset()
    described: Mapping[str, Any] = field(default_factory=dict)
    force: bool = False
    keep_time: bool = False
    quality: int | None = None
    max_size: int | None = None


Writer = Callable[[Outcome, Encrypted, Orders], Outcome]


class _StopError(Exception):
    """The job ends with this photo."""

    def __init__(self, outcome: Outcome, error: RiddleError):
        super().__init__(str(error))
        self.outcome, self.error = outcome, error


def write_files(outcome: Outcome, answer: Encrypted, orders: Orders) -> Outcome:
    """Writes a picture and its record to the task's files; the outcome, with the record's place.

    Raises:
        FileError: they cannot be written.
    """
    task = outcome.task
    require_writable_dir(task.picture.parent, "output folder", create=True)
    record, beside, force = answer.record, task.record, orders.force
    note = note_of(answer, sha256_file(task.photo), orders)
    compression = Compression(orders.quality, task.photo)
    if record is None or beside is None:
        save_picture(answer.image, task.picture, force, note=note, record=record, compression=compression)
        if record is None and force and beside is not None:
            beside.unlink(missing_ok=True)  # of the picture that was there before
    else:
        save_pair(answer.image, task.picture, record, beside, force, note=note, compression=compression)
    if orders.keep_time:
        taken = task.photo.stat()
        os.utime(task.picture, ns=(taken.st_atime_ns, taken.st_mtime_ns))
    return outcome if record is None else replace(outcome, record=beside or task.picture)


def note_of(answer: Encrypted, photo: str, orders: Orders) -> bytes:
    """What the picture of an answer says of itself, as XMP.

    Args:
        photo: sha256 of the photo's file.
    """
    said = SYNTHETIC_NOTE if orders.note else None
    return marked(COVERED_NOTE if answer.record is None else said, Mark.of(made_from(photo, orders.described)))


def encrypt_all(
    tasks: Iterable[Task],
    pseudonymiser: Pseudonymiser,
    orders: Orders,
    batch_size: int = 8,
    jobs: int = 2,
    load: Loader = load_file,
    write: Writer = write_files,
) -> Iterator[Outcome]:
    """Does the tasks and yields their outcomes in order, each after its files are written.

    Args:
        batch_size: most photos that are encrypted together.
        jobs: threads that read and write photos meanwhile.
        load: reads the photo of a task, in one of these threads.
        write: writes what it became, in one of them.

    Raises:
        RiddleError: a photo failed and ``on_failure`` is ``error`` (what was done before stays); or an output, the
            pack or the password is at fault. The outcome of the photo concerned is yielded before.
    """
    with ThreadPoolExecutor(jobs) as pool:
        writing: deque[tuple[Task, Future[Outcome]]] = deque()
        try:
            try:
                for batch in batches(tasks, pool, jobs, batch_size, orders.max_size, load):
                    for task, finish in _encrypt(batch, pseudonymiser, orders, write):
                        writing.append((task, pool.submit(finish)))
                    while len(writing) > batch_size:
                        yield _written(*writing.popleft())
            except (RiddleError, _StopError):
                yield from _results(writing)
                raise
            yield from _results(writing)
        except _StopError as stop:
            yield stop.outcome
            raise stop.error from None


def _results(writing: deque[tuple[Task, "Future[Outcome]"]]) -> Iterator[Outcome]:
    while writing:
        yield _written(*writing.popleft())


def _written(task: Task, writing: "Future[Outcome]") -> Outcome:
    try:
        return writing.result()
    except RiddleError as error:
        raise _StopError(Outcome(task, Status.FAILED, error=error), error) from None


def _encrypt(
    batch: Sequence[tuple[Task, Photo]], pseudonymiser: Pseudonymiser, orders: Orders, write: Writer
) -> Iterator[tuple[Task, Callable[[], Outcome]]]:
    """What is left to do for each photo: writing it."""
    start = time.perf_counter()
    requests = {task: _request(task, photo, pseudonymiser, orders) for task, photo in batch}
    good = {task: request for task, request in requests.items() if isinstance(request, EncryptRequest)}
    answers = dict(zip(good, pseudonymiser.encrypt_batch(list(good.values())), strict=True))
    seconds = (time.perf_counter() - start) / len(batch)
    for task, request in requests.items():
        answer = request if isinstance(request, RiddleError) else answers[task]
        yield task, _settle(task, answer, orders, seconds, write)


def _request(task: Task, photo: Photo, pseudonymiser: Pseudonymiser, orders: Orders) -> EncryptRequest | RiddleError:
    if isinstance(photo, PhotoError):
        return photo
    name, faces, only = str(task.photo), None, None
    if orders.select:
        try:
            faces = pseudonymiser.find_faces(photo, name)
            only = orders.select(photo, faces, name)
        except (PhotoError, ConfigError) as error:
            return error
    return EncryptRequest(
        photo, orders.password, orders.passwords, faces, only, orders.not_faces, orders.mode, orders.kdf, name
    )


def _settle(
    task: Task, answer: Encrypted | RiddleError, orders: Orders, seconds: float, write: Writer
) -> Callable[[], Outcome]:
    """Decides what becomes of a photo; nothing that the gate refuses gets beyond this.

    Raises:
        _StopError: it failed, and ``on_failure`` is ``error`` or the fault is not the photo's.
    """
    if isinstance(answer, RiddleError):
        status = Status.REFUSED if isinstance(answer, NoFaceError) else Status.FAILED
        outcome = Outcome(task, status, error=answer, seconds=seconds)
        if orders.on_failure is OnFailure.ERROR or not isinstance(answer, PhotoError | ConfigError):
            raise _StopError(outcome, answer)
        return lambda: outcome
    if not answer.refusals:
        return lambda: write(Outcome(task, Status.ENCRYPTED, answer.faces, None, seconds), answer, orders)
    refused = FaceRefusedError(str(task.photo), answer.refusals, orders.on_failure is OnFailure.SOLID)
    left_out = Outcome(task, Status.REFUSED, answer.faces, refused, seconds)
    if orders.on_failure is OnFailure.ERROR:
        raise _StopError(left_out, refused)
    if orders.on_failure is OnFailure.SKIP:
        return lambda: left_out
    return lambda: write(Outcome(task, Status.COVERED, answer.faces, refused, seconds), answer, orders)
