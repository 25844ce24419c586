"""The outer form of a ``.riddle`` file: a JSON header and named arrays in one safetensors file, with a checksum.

Nothing here trusts the file: it is read once, its size and types are checked before anything is allocated for them,
and whatever is wrong with it ends in a :class:`RecordError`. No pickle.

The checksum is an unkeyed sha256 of what the file holds. It notices damage, not forgery, and since anyone can compute
it from the file alone, it says nothing about passwords.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from riddle_pl.errors import RecordError
from riddle_pl.files import require_file

FORMAT_VERSION = 1
MAX_FILE_BYTES = 1 << 29
MAX_HEADER_BYTES = 1 << 20
MAX_ARRAYS = 4096

Header = dict[str, Any]
Arrays = dict[str, np.ndarray]

_DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "U8": np.dtype("u1")}


def digest(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """sha256 over the header (canonical JSON) and the name, type, shape and contents of every array."""
    total = hashlib.sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    for name in sorted(arrays):
        array = arrays[name]
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
    inner = _json_object(_metadata(content), "header")
    header = inner.get("header")
    if not isinstance(header, dict):
        raise RecordError("its header is incomplete: the file is damaged or is no .riddle record")
    version = header.get("format_version")
    if type(version) is not int or version < 1:
        raise RecordError(f"format version is {version!r:.40}; expected {FORMAT_VERSION}: the file is damaged")
    if version > FORMAT_VERSION:
        raise RecordError(f"format version is {version!r:.40}; this riddle-pl reads up to {FORMAT_VERSION}: upgrade it")
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


def _metadata(content: bytes) -> object:
    """Our entry in the metadata of a safetensors file whose arrays have types that we use."""
    if len(content) < 8:
        raise RecordError("the file is too short for a record; use another copy of it")
    (length,) = struct.unpack_from("<Q", content)
    if length > min(MAX_HEADER_BYTES, len(content) - 8):
        raise RecordError("the file is truncated, or is no .riddle record")
    outer = _json_object(content[8 : 8 + length], "safetensors header")
    metadata = outer.pop("__metadata__", None)
    if not isinstance(metadata, dict) or "riddle" not in metadata:
        raise RecordError("the file is no .riddle record (its header says nothing of one)")
    if len(outer) > MAX_ARRAYS:
        raise RecordError(f"the file holds {len(outer)} arrays; expected at most {MAX_ARRAYS}")
    for name, entry in outer.items():
        dtype = entry.get("dtype") if isinstance(entry, dict) else None
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise RecordError(f"array {name!r:.40} has type {dtype!r:.40}; expected one of {', '.join(_DTYPES)}")
    return metadata["riddle"]


def _json_object(text: object, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"its {what} is not JSON: the file is damaged or is no .riddle record") from error
    if not isinstance(value, dict):
        raise RecordError(f"its {what} is not a JSON object: the file is damaged or is no .riddle record")
    return value
