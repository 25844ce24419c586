"""What has to hold for every file that somebody may give `riddle` for a record, a picture with one, or an archive.

It is read as records, each of which is the same when it is written and read again, or it is refused by one line. No
other exception, no file written, no program started, little time, little memory.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from riddle_pl.errors import RiddleError
from riddle_pl.photos.jobs.sources import find_records
from riddle_pl.photos.record.png import holds_record
from riddle_pl.photos.record.record import Record, RecordedFace
from tests.fuzz.seeds import KEY

MAX_SECONDS = 5.0
"""Of CPU time."""
MAX_GROWTH_KIB = 300 << 10
MAX_LINE = 1500
MAX_LOADED = 20
"""Records of an archive that are loaded (the directory, with all names, is always read)."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HARMLESS = ("os.listdir", "os.scandir", "os.putenv")
_watching = False


class BrokenInvariant(Exception):  # noqa: N818  # not an error of the program's
    """What a parser did to a file that it should not have done."""


def check(data: bytes, path: Path) -> int:
    """Writes ``data`` to ``path``, reads it in every way, and returns how many records were read.

    Raises:
        BrokenInvariant: see the top of this file. Any other exception is a finding as well.
    """
    path.write_bytes(data)
    before, start = _peak_kib(), time.process_time()
    with _watched():
        records = [record for way in WAYS for record in _read(way, data, path)]
        for record in records:
            _check_record(record)
    if (seconds := time.process_time() - start) > MAX_SECONDS:
        raise BrokenInvariant(f"it took {seconds:.1f} s of CPU time")
    if (growth := _peak_kib() - before) > MAX_GROWTH_KIB:
        raise BrokenInvariant(f"it took {growth >> 10} MiB of memory")
    return len(records)


def _as_found(_data: bytes, path: Path) -> Iterator[Record]:
    for source in find_records(path)[:MAX_LOADED]:
        yield from _read(lambda _data, _path: iter([source.load()]), b"", path)  # noqa: B023  # called at once


def _as_file(data: bytes, _path: Path) -> Iterator[Record]:
    yield Record.from_bytes(data, "the record")


def _as_picture(_data: bytes, path: Path) -> Iterator[Record]:
    holds_record(path)
    yield Record.load_embedded(path)


Way = Callable[[bytes, Path], Iterator[Record]]
WAYS: tuple[Way, ...] = (_as_found, _as_file, _as_picture)


def _read(way: Way, data: bytes, path: Path) -> list[Record]:
    try:
        return list(way(data, path))
    except RiddleError as error:
        _check_line(error)
        return []


def _check_line(error: RiddleError) -> None:
    line = str(error)
    if "\n" in line or not 10 < len(line) < MAX_LINE:
        raise BrokenInvariant(f"refused, but not with one line: {line!r:.2000}")


def _check_record(record: Record) -> None:
    content = record.to_bytes()
    again = Record.from_bytes(content, "again")
    if again.to_bytes() != content or again._header(again.mode) != record._header(record.mode):
        raise BrokenInvariant("it is another record when it is written and read again")
    for face, other in zip(record.faces, again.faces, strict=True):
        if not _same(face, other):
            raise BrokenInvariant("a face is another when it is written and read again")
    for index, face in enumerate(record.faces):
        if face.sealed is not None:
            try:
                record.unseal(KEY, index)
            except RiddleError as error:
                _check_line(error)


def _same(a: RecordedFace, b: RecordedFace) -> bool:
    return bool((a.w_enc == b.w_enc).all()) and np.array_equal(a.quad, b.quad) and a.sealed == b.sealed


def _peak_kib() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 10 if sys.platform == "darwin" else peak


@contextmanager
def _watched() -> Iterator[None]:
    global _watching
    _watching = True
    try:
        yield
    finally:
        _watching = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if not _watching:
        return
    if event == "open":
        flags = arguments[2]
        harmful = isinstance(flags, int) and bool(flags & _WRITES)
    else:
        parts = event.split(".")[0]
        harmful = event not in _HARMLESS and parts in ("os", "shutil", "subprocess", "socket", "pickle", "ctypes")
    if harmful:
        raise BrokenInvariant(f"reading it led to {event} {arguments!r:.200}")


sys.addaudithook(_watch)
