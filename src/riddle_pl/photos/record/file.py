"""The outer form of a ``.riddle`` file: a JSON header and named arrays in one safetensors file, with a checksum.

Nothing here trusts the file: it is read once, its size and types are checked before anything is allocated for them,
and whatever is wrong with it ends in a :class:`RecordError`. No pickle. ``docs/record-format.md`` specifies every byte.

The checksum is an unkeyed sha256 of what the file holds. It notices damage, not forgery, and since anyone can compute
it from the file alone, it says nothing about passwords.
"""

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from riddle_pl.errors import RecordError
from riddle_pl.files import require_file

FORMAT_VERSION = 4
"""The newest; all versions from 1 on are read. A record keeps the version that it was read with."""
SURROUNDINGS = 3
"""The first version with the surroundings of the faces."""
CONTEXTS = 4
"""The first version with the contexts that the encryptor read."""
MAX_FILE_BYTES = 1 << 29
MAX_HEADER_BYTES = 1 << 20
MAX_ARRAYS = 4096

Header = dict[str, Any]
Arrays = dict[str, np.ndarray]

_DTYPES = ("F32", "F64", "U8")
_ENTRY = {"dtype", "shape", "data_offsets"}
_NAME = re.compile(r"[a-z0-9_.]{1,40}", re.ASCII)


def digest(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """sha256 over the header (canonical JSON) and the name, type, shape and contents of every array."""
    total = hashlib.sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    for name in sorted(arrays):
        array = arrays[name].astype(arrays[name].dtype.newbyteorder("<"), copy=False)
        label = json.dumps([name, array.dtype.str, list(array.shape)])
        total.update(hashlib.sha256(label.encode()).digest())
        total.update(hashlib.sha256(np.ascontiguousarray(array).data).digest())
    return total.digest()


def encode(header: Header, arrays: Arrays) -> bytes:
    """The file's contents. The same header and arrays give the same bytes.

    Raises:
        RecordError: too much for one record.
    """
    if sum(array.nbytes for array in arrays.values()) > MAX_FILE_BYTES - MAX_HEADER_BYTES - 8:
        raise RecordError(f"the record would be larger than {MAX_FILE_BYTES >> 20} MiB; use a smaller photo")
    # One key, since safetensors writes several in random order.
    inner = json.dumps({"checksum": digest(header, arrays).hex(), "header": header}, separators=(",", ":"))
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return safetensors.numpy.save(contiguous, {"riddle": inner})


def decode(content: bytes) -> tuple[Header, Arrays]:
    """The header and arrays of a file.

    Raises:
        RecordError: not a record, damaged, hostile, or of a newer format version.
    """
    metadata, entries = _outer(content)
    inner = _json_object(metadata["riddle"], "header")
    header = inner.get("header")
    if not isinstance(header, dict):
        raise RecordError("its header is incomplete: the file is damaged or is no .riddle record")
    _check_version(header.get("format_version"))
    _check_closed(metadata, entries, inner)
    try:
        arrays = safetensors.numpy.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise RecordError("the file is truncated or damaged; use another copy of it") from error
    if inner.get("checksum") != digest(header, arrays).hex():
        raise RecordError("the contents do not match their checksum: the file is damaged; use another copy of it")
    return header, arrays


def read(path: Path | str) -> bytes:
    """The contents of a file, for :func:`decode`.

    Raises:
        RecordError: the file is missing, unreadable or too large; the message names the path.
    """
    path = require_file(path, "record", RecordError)
    try:
        if not path.is_file():
            raise RecordError(f"record {path} is not an ordinary file; save it to disk first")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, MemoryError) as error:
        raise RecordError(f"record {path} cannot be read ({error})") from error
    if len(content) > MAX_FILE_BYTES:
        raise RecordError(f"record {path} is larger than {MAX_FILE_BYTES >> 20} MiB; this is no record")
    return content


def require_record(content: bytes, source: str) -> None:
    """Makes sure that these are the contents of a record, as far as the outer form tells.

    Args:
        source: how messages call it.

    Raises:
        RecordError: see :func:`decode`; the line begins with ``source``.
    """
    try:
        decode(content)
    except RecordError as error:
        raise RecordError(f"{source}: {error}") from error


def is_record(path: Path) -> bool:
    """Whether a file is a record, as far as its outer form tells."""
    try:
        decode(read(path))
    except RecordError:
        return False
    return True


def _outer(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The metadata of a safetensors file, with our entry among them, and what it says of its arrays."""
    if len(content) < 8:
        raise RecordError("the file is too short for a record; use another copy of it")
    (length,) = struct.unpack_from("<Q", content)
    if length > min(MAX_HEADER_BYTES, len(content) - 8):
        raise RecordError("the file is truncated, or is no .riddle record")
    outer = _json_object(content[8 : 8 + length], "safetensors header")
    metadata = outer.pop("__metadata__", None)
    if not isinstance(metadata, dict) or "riddle" not in metadata:
        raise RecordError("the file is no .riddle record (its header says nothing of one)")
    return metadata, outer


def _check_version(version: object) -> None:
    if type(version) is not int or version < 1:
        raise RecordError(f"format version is {version!r:.40}; expected 1 to {FORMAT_VERSION}: the file is damaged")
    if version > FORMAT_VERSION:
        raise RecordError(f"format version is {version!r:.40}; this riddle-pl reads up to {FORMAT_VERSION}: upgrade it")


def _check_closed(metadata: dict[str, Any], entries: dict[str, Any], inner: dict[str, Any]) -> None:
    """Nothing but what the known versions have, so that no two readers can see different records in one file."""
    if len(entries) > MAX_ARRAYS:
        raise RecordError(f"the file holds {len(entries)} arrays; expected at most {MAX_ARRAYS}")
    for found, expected in ((metadata, {"riddle"}), (inner, {"checksum", "header"})):
        for key in sorted(set(found) ^ expected)[:1]:
            state = "missing" if key in expected else "unknown"
            raise RecordError(f"its header key {key!r:.40} is {state}; the file is damaged")
    for name, entry in entries.items():
        if not _NAME.fullmatch(name):
            raise RecordError(f"array {name!r:.40} is unknown; the file is damaged")
        if not isinstance(entry, dict) or set(entry) != _ENTRY:
            raise RecordError(
                f"array {name!r:.40} is not described by {', '.join(sorted(_ENTRY))}; the file is damaged"
            )
        dtype = entry["dtype"]
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise RecordError(f"array {name!r:.40} has type {dtype!r:.40}; expected one of {', '.join(_DTYPES)}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object none of whose names comes twice (readers differ in which of the two they take)."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise RecordError("its header has one name twice; the file is damaged")
    return values


def _json_object(text: object, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_unique) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"its {what} is not JSON: the file is damaged or is no .riddle record") from error
    if not isinstance(value, dict):
        raise RecordError(f"its {what} is not a JSON object: the file is damaged or is no .riddle record")
    return value
