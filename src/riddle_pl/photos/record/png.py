"""A record inside its own picture: a private chunk of a PNG file, which viewers ignore.

It travels with the file, and is lost when somebody saves the picture anew in another program.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from riddle_pl.errors import RecordError
from riddle_pl.files import require_file
from riddle_pl.photos.record.file import MAX_FILE_BYTES

CHUNK = b"riDl"
"""Ancillary, private, and safe to copy: the record stays true when the pixels are edited."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 1 << 20

_HEAD = struct.Struct(">I4s")


def is_png(path: Path) -> bool:
    """Whether the file begins as a PNG file does."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def holds_record(path: Path) -> bool:
    """Whether the file is a PNG picture with a record in it (intact or not)."""
    try:
        with path.open("rb") as file:
            return any(kind == CHUNK for kind, _ in _chunks(file))
    except (OSError, RecordError):
        return False


def embedded_bytes(path: Path | str) -> bytes:
    """The file of a record, inside a PNG picture that may come from anyone.

    Raises:
        RecordError: the picture is missing, is no PNG, holds no record or several, or is damaged; one line with the
            path.
    """
    path = require_file(path, "picture", RecordError)
    source = embedded_in(path)
    try:
        with path.open("rb") as file:
            return _record_bytes(file)
    except (OSError, MemoryError) as error:
        raise RecordError(f"{source} cannot be read ({error})") from error
    except RecordError as error:
        raise RecordError(f"{source}: {error}") from error


def embedded_in(path: Path | str) -> str:
    """How messages call the record in a picture."""
    return f"record in {path}"


def _record_bytes(file: BinaryIO) -> bytes:
    found: bytes | None = None
    for kind, length in _chunks(file):
        if kind != CHUNK:
            continue
        if found is not None:
            raise RecordError("the picture holds several records; expected one")
        if length > MAX_FILE_BYTES:
            raise RecordError(f"it is larger than {MAX_FILE_BYTES >> 20} MiB; this is no record")
        found, check = file.read(length), file.read(4)
        if check != struct.pack(">I", zlib.crc32(kind + found)):
            raise RecordError("it does not match its checksum: the picture is damaged; use another copy of it")
    if found is None:
        raise RecordError("the picture holds no record; expected one")
    return found


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Type and length of each chunk up to the last; the file is left at the chunk's contents."""
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise RecordError("the file is no PNG picture")
    place = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            break
        length, kind = _HEAD.unpack(head)
        place += _HEAD.size + length + 4
        if place > size:
            break
        yield kind, length
        if kind == b"IEND":
            return
    raise RecordError("the picture is damaged or cut short; use another copy of it")
