"""Photos in tar archives to archives of pictures and records: work that any number of processes can share.

An archive is a WebDataset shard, or any other uncompressed tar with photos in it. In its result each picture has its
photo's name, so that labels can be joined to it, and its record lies beside it: ``faces/7.jpg`` and ``faces/7.riddle``.
Nothing else of the archive is copied, since labels may tell who somebody is. Two more files, which readers of
WebDataset pass over, say what the result was made from and which photos have no picture, and why. A result is written
whole or not at all, so that a job that was stopped goes on with the archives that have none.
"""

import json
import posixpath
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import UInt8

from riddle_pl.archives import new_archive
from riddle_pl.data.sources import TarSource, is_image_name, sha256
from riddle_pl.errors import DataError, FileError, PhotoError, RecordError, one_line
from riddle_pl.faces.load import decode_image
from riddle_pl.files import parse_json
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.encrypt import Orders, encrypt_all, note_of
from riddle_pl.photos.jobs.origin import Mark, made_from
from riddle_pl.photos.jobs.outcome import Outcome
from riddle_pl.photos.jobs.outputs import PICTURE_SUFFIXES, RECORD_SUFFIX, picture_bytes
from riddle_pl.photos.jobs.password_check import Finished
from riddle_pl.photos.jobs.plan import PHOTO_SUFFIXES, Task
from riddle_pl.photos.jobs.state import REMEDY
from riddle_pl.photos.pseudonymise import Pseudonymiser
from riddle_pl.photos.record.archive import is_entry_name
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.reports import Encrypted

MADE_FROM, LEFT_OUT = "__riddle__/made_from.txt", "__riddle__/left_out.json"
"""WebDataset passes over names like these."""
_MARK_BYTES = 1 << 12
_END = bytes(2 * tarfile.BLOCKSIZE)


@contextmanager
def new_shard(
    archive: Path, target: Path, described: Mapping[str, Any]
) -> Iterator[tuple[Callable[[str, bytes], None], dict[str, str]]]:
    """Yields a function that adds a file to an archive's result, and a mapping for what is left out, with the reason.

    Raises:
        FileError: the result cannot be written.
    """
    left_out: dict[str, str] = {}
    with new_archive(target) as add:
        add(MADE_FROM, Mark.of(_origin(archive, described)).statement().encode())
        yield add, left_out
        add(LEFT_OUT, json.dumps(left_out, ensure_ascii=False, indent=1).encode(errors="backslashreplace"))


class Shard:
    """The photos of an archive, and the names of what they become.

    A task's photo, picture and record are names in archives, not files.

    Raises:
        DataError: the archive is damaged, holds no photo, or names something that is no place below a folder.
    """

    def __init__(self, archive: Path):
        self.source = TarSource(archive, partial(is_image_name, suffixes=tuple(PHOTO_SUFFIXES)))
        if not self.source.list_keys():
            raise DataError(f"archive {archive} holds no photo; give one with files such as .jpg or .png")
        self._keys: dict[Task, str] = {}
        self._made: dict[Task, dict[str, bytes]] = {}
        names = {key: posixpath.normpath(key) for key in self.source.list_keys()}
        for name in names.values():
            if not is_entry_name(name):
                raise DataError(f"archive {archive} has a picture {name!r:.80}, which is no place below a folder")
        stems = Counter(_stem(name) for name in names.values())
        for key, name in names.items():
            stem, suffix = _stem(name), PurePosixPath(name).suffix
            if stems[stem] > 1:  # 7.jpg and 7.png: each has a record
                stem = f"{stem}_{suffix[1:]}"
            picture = stem + (suffix if suffix.lower() in PICTURE_SUFFIXES else ".png")
            task = Task(archive / name, Path(picture), Path(stem + RECORD_SUFFIX), "")
            self._keys[task] = key
        if len({task.record for task in self._keys}) < len(names):
            raise DataError(f"archive {archive} has two pictures that would have one name; rename one")

    @property
    def tasks(self) -> list[Task]:
        return list(self._keys)

    def load(self, task: Task) -> UInt8[np.ndarray, "h w 3"]:
        """A task's photo.

        Raises:
            PhotoError: it cannot be read.
        """
        return decode_image(self._contents(task), str(task.photo))

    def write(self, outcome: Outcome, answer: Encrypted, orders: Orders) -> Outcome:
        """Makes the contents of a picture and a record, for :meth:`take`.

        Raises:
            FileError: the picture's format cannot hold it.
        """
        task, photo = outcome.task, self._contents(outcome.task)
        note, compression = note_of(answer, sha256(photo), orders), Compression(orders.quality, photo)
        made = {task.picture.as_posix(): picture_bytes(answer.image, task.picture, note, compression)}
        if answer.record is not None and task.record is not None:
            made[task.record.as_posix()] = answer.record.to_bytes()
            outcome = replace(outcome, record=task.record)
        self._made[task] = made
        return outcome

    def take(self, task: Task) -> Mapping[str, bytes]:
        """The files that were made of a task, by name; they are not kept."""
        return self._made.pop(task, {})

    def _contents(self, task: Task) -> bytes:
        try:
            return self.source.read(self._keys[task])
        except OSError as error:
            raise PhotoError(f"photo {task.photo} cannot be read ({one_line(error)})") from error


def encrypt_shard(
    archive: Path, target: Path, pseudonymiser: Pseudonymiser, orders: Orders, batch_size: int = 8, jobs: int = 2
) -> Iterator[Outcome]:
    """Encrypts the photos of an archive and yields their outcomes in order; the result is there after the last.

    Args:
        archive: uncompressed tar.
        target: the result, replaced if it is there.
        batch_size, jobs: see :func:`encrypt_all`.

    Raises:
        DataError: the archive is damaged.
        RiddleError: see :func:`encrypt_all`; nothing is written then.
    """
    shard = Shard(archive)
    with new_shard(archive, target, orders.described) as (add, left_out):
        for outcome in encrypt_all(shard.tasks, pseudonymiser, orders, batch_size, jobs, shard.load, shard.write):
            for name, content in shard.take(outcome.task).items():
                add(name, content)
            if outcome.error is not None:
                left_out[outcome.task.photo.relative_to(archive).as_posix()] = one_line(outcome.error)
            yield outcome


def is_done(archive: Path, target: Path, described: Mapping[str, Any]) -> bool:
    """Whether the result of an archive is there.

    Args:
        described: what was ordered, as plain values.

    Raises:
        FileError: something else is there, or the result of another archive or order.
    """
    if not target.exists():
        return False
    try:
        with target.open("rb") as file:
            file.seek(-len(_END), 2)
            whole = file.read() == _END
        with tarfile.open(target, "r:") as tar:
            first = tar.next()
            content = tar.extractfile(first) if first is not None and first.name == MADE_FROM else None
            mark = Mark.parse(content.read(_MARK_BYTES)) if whole and content is not None else None
    except (tarfile.TarError, OSError, EOFError, ValueError):
        mark = None
    if mark is None:
        raise FileError(f"output {target} is nothing that riddle wrote, or is damaged; {REMEDY}")
    if not mark.fits(_origin(archive, described)):
        raise FileError(f"output {target} was made from another archive, or with another mode or setting; {REMEDY}")
    return True


def left_out(target: Path) -> int:
    """How many photos a result lacks, or shows with covered faces.

    Raises:
        FileError: the result is damaged.
    """
    try:
        with tarfile.open(target, "r:") as tar:
            content = tar.extractfile(LEFT_OUT)
            reasons = parse_json(content) if content is not None else {}
        if not isinstance(reasons, dict):
            raise ValueError(f"{LEFT_OUT} holds no reasons by name")
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError) as error:
        raise FileError(f"output {target} is damaged ({one_line(error)}); {REMEDY}") from error
    return len(reasons)


def first_finished(archive: Path, target: Path) -> Finished | None:
    """The first photo of an archive whose record is in the result; None if there is none.

    Raises:
        DataError: the archive is damaged.
        RecordError: the record is.
    """
    shard = Shard(archive)
    by_name = {task.record.as_posix(): task for task in shard.tasks if task.record is not None}
    with tarfile.open(target, "r:") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.name in by_name else None
            if content is not None:
                record = Record.from_bytes(content.read(), f"record {target}/{member.name}")
                return Finished(by_name[member.name], shard.load, record)
    return None


class EncryptedShard:
    """The records and pictures of an archive that :func:`encrypt_shard` wrote, or of another one like it.

    Raises:
        DataError: the archive is damaged, or names something that is no place below a folder.
    """

    def __init__(self, archive: Path):
        self.source = TarSource(archive, lambda name: name.endswith(RECORD_SUFFIX) or is_image_name(name))
        self._pictures: dict[str, str] = {}
        self.names: list[str] = []
        """Of the records."""
        for name in self.source.list_keys():
            if not is_entry_name(name):
                raise DataError(f"archive {archive} has a file {name!r:.80}, which is no place below a folder")
            if name.endswith(RECORD_SUFFIX):
                self.names.append(name)
            else:
                self._pictures[_stem(name)] = name

    def record(self, name: str) -> Record:
        """Raises :class:`RecordError` for one that is damaged."""
        return Record.from_bytes(self._contents(name), f"record {name} of archive {self.source.path}")

    def picture(self, name: str) -> UInt8[np.ndarray, "h w 3"] | None:
        """The picture of a record; None if it is not there.

        Raises:
            PhotoError: it cannot be read.
        """
        picture = self._pictures.get(_stem(name))
        return None if picture is None else decode_image(self._contents(picture), picture)

    def _contents(self, name: str) -> bytes:
        try:
            return self.source.read(name)
        except OSError as error:
            raise RecordError(f"{name} of archive {self.source.path} cannot be read ({one_line(error)})") from error


def _origin(archive: Path, described: Mapping[str, Any]) -> bytes:
    """An archive is known by its size: to read it in full takes as long as to copy it."""
    return made_from(f"{archive.stat().st_size} bytes", described)


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()
