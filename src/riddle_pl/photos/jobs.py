"""Encrypting many photos: read ahead, encrypted a few at a time, written while the next ones are encrypted."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from riddle_pl.errors import ConfigError, PhotoError, RiddleError
from riddle_pl.files import require_writable_dir
from riddle_pl.password import KdfParams
from riddle_pl.photos.jobs_plan import Task
from riddle_pl.photos.jobs_read import Photo, batches
from riddle_pl.photos.metadata import COVERED_NOTE, SYNTHETIC_NOTE
from riddle_pl.photos.outputs import save_pair, save_picture
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.refusal import FaceRefusedError
from riddle_pl.photos.reports import Encrypted, EncryptRequest, FaceReport
from riddle_pl.photos.select import Selector


class OnFailure(StrEnum):
    """What becomes of a photo whose faces are not found or refused, or which cannot be read."""

    ERROR = "error"
    """The job ends with an error; nothing of the photo is written."""
    SOLID = "solid"
    """Refused faces are covered. A photo in which no face was found has nothing to cover, and is left out."""
    SKIP = "skip"
    """The photo is left out."""


class Status(StrEnum):
    """What became of a photo; the values are those of a JSON report."""

    ENCRYPTED = "encrypted"
    COVERED = "covered"
    SKIPPED = "skipped"


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
    """

    password: str = field(repr=False)
    passwords: Mapping[int, str] = field(default_factory=dict, repr=False)
    mode: str = "deniable"
    select: Selector = field(default_factory=Selector)
    kdf: KdfParams | None = None
    on_failure: OnFailure = OnFailure.ERROR
    note: bool = True
    not_faces: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What became of one photo.

    Args:
        task: the photo and its outputs.
        status: see :class:`Status`.
        faces: all that were found.
        error: why it was skipped or covered; None if nothing was wrong.
        seconds: in the networks, detection included; photos of one batch share it evenly.
        record: where the record is; None if there is none.
    """

    task: Task
    status: Status
    faces: tuple[FaceReport, ...] = ()
    error: RiddleError | None = None
    seconds: float = 0.0
    record: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a report."""
        return {
            "photo": str(self.task.photo),
            "status": str(self.status),
            "picture": None if self.status is Status.SKIPPED else str(self.task.picture),
            "record": None if self.record is None else str(self.record),
            "error": None if self.error is None else str(self.error),
            "seconds": round(self.seconds, 3),
            "faces": [face.to_json() for face in self.faces],
        }


def encrypt_all(
    tasks: Iterable[Task], pseudonymiser: Pseudonymiser, orders: Orders, batch_size: int = 8, jobs: int = 2
) -> Iterator[Outcome]:
    """Does the tasks and yields their outcomes in order, each after its files are written.

    Args:
        batch_size: most photos that are encrypted together.
        jobs: threads that read and write photos meanwhile.

    Raises:
        RiddleError: a photo failed and ``on_failure`` is ``error`` (what was done before stays); or an output, the
            pack or the password is at fault.
    """
    with ThreadPoolExecutor(jobs) as pool:
        writing: deque[Future[Outcome]] = deque()
        try:
            for batch in batches(tasks, pool, jobs, batch_size):
                for write in _encrypt(batch, pseudonymiser, orders):
                    writing.append(pool.submit(write))
                while len(writing) > batch_size:
                    yield writing.popleft().result()
        except RiddleError:
            yield from _results(writing)
            raise
        yield from _results(writing)


def _results(writing: deque["Future[Outcome]"]) -> Iterator[Outcome]:
    while writing:
        yield writing.popleft().result()


def _encrypt(
    batch: Sequence[tuple[Task, Photo]], pseudonymiser: Pseudonymiser, orders: Orders
) -> Iterator[Callable[[], Outcome]]:
    """What is left to do for each photo: writing it."""
    start = time.perf_counter()
    requests = {task: _request(task, photo, pseudonymiser, orders) for task, photo in batch}
    good = {task: request for task, request in requests.items() if isinstance(request, EncryptRequest)}
    answers = dict(zip(good, pseudonymiser.encrypt_batch(list(good.values())), strict=True))
    seconds = (time.perf_counter() - start) / len(batch)
    for task, request in requests.items():
        answer = request if isinstance(request, RiddleError) else answers[task]
        yield _settle(task, answer, orders, seconds)


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


def _settle(task: Task, answer: Encrypted | RiddleError, orders: Orders, seconds: float) -> Callable[[], Outcome]:
    """Decides what becomes of a photo; nothing that the gate refuses gets beyond this.

    Raises:
        RiddleError: it failed, and ``on_failure`` is ``error`` or the fault is not the photo's.
    """
    if isinstance(answer, RiddleError):
        if orders.on_failure is OnFailure.ERROR or not isinstance(answer, PhotoError | ConfigError):
            raise answer
        return lambda: Outcome(task, Status.SKIPPED, error=answer, seconds=seconds)
    if not answer.refusals:
        return lambda: _write(Outcome(task, Status.ENCRYPTED, answer.faces, None, seconds), answer, orders.note)
    refused = FaceRefusedError(str(task.photo), answer.refusals)
    if orders.on_failure is OnFailure.ERROR:
        raise refused
    if orders.on_failure is OnFailure.SKIP:
        return lambda: Outcome(task, Status.SKIPPED, answer.faces, refused, seconds)
    return lambda: _write(Outcome(task, Status.COVERED, answer.faces, refused, seconds), answer, orders.note)


def _write(outcome: Outcome, answer: Encrypted, note: bool) -> Outcome:
    task = outcome.task
    require_writable_dir(task.picture.parent, "output folder", create=True)
    synthetic = SYNTHETIC_NOTE if note else None
    if answer.record is None:
        save_picture(answer.image, task.picture, note=COVERED_NOTE)
        return outcome
    if task.record is None:
        save_picture(answer.image, task.picture, note=synthetic, record=answer.record)
    else:
        save_pair(answer.image, task.picture, answer.record, task.record, note=synthetic)
    return replace(outcome, record=task.record or task.picture)
