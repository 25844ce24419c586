"""Record files that must be refused, made by breaking an intact one; the same in every run for the same record."""

import copy
import json
import random
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from riddle_pl.photos.record import file as record_file

Case = tuple[str, bytes]

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    10**30,
    1e308,
    float("nan"),
    "",
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\autoexec.bat",
    "a\nb\x1b[31m",
    "\ud800",
    "x" * 100_000,
    [],
    [[]] * 5000,
    {},
    {"__class__": "os.system"},
)
"""Put in the place of every value of a header."""


def damaged_records(content: bytes) -> Iterator[Case]:
    """Name and contents of each: what a bad disk, a bad network or a text editor make of a record."""
    rng = random.Random(3)
    for place in (1, 4, 8, 9, 100, *(len(content) * tenth // 10 for tenth in range(1, 10)), len(content) - 1):
        yield f"cut_at_{place}", content[:place]
    header = struct.unpack_from("<Q", content)[0] + 8
    places = [
        *range(8),
        *(rng.randrange(8, header) for _ in range(25)),
        *(rng.randrange(len(content)) for _ in range(25)),
    ]
    for place in places:
        bit = rng.randrange(8)
        yield f"bit_{place}_{bit}", content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]
    for place in (0, 8, header, len(content) // 2):
        yield f"byte_more_at_{place}", content[:place] + b"\x20" + content[place:]
        yield f"zeros_at_{place}", content[:place] + bytes(64) + content[place + 64 :]
    yield "twice", content + content
    yield "line_ends", content.replace(b"\n", b"\r\n").replace(b"\0\0", b"\0")
    yield "as_text", content.decode("utf-8", errors="replace").encode()
    yield "hexadecimal", content.hex().encode()


def crafted_records(content: bytes) -> Iterator[Case]:
    """Name and contents of each: whoever made these knew the format, checksum included. Not all must be refused."""
    header, arrays = record_file.decode(content)
    for path, _ in _leaves(header):
        for number, value in enumerate(HOSTILE):
            changed = copy.deepcopy(header)
            _put(changed, path, value)
            yield f"{'.'.join(map(str, path))}_{number}", _encode(changed, arrays)
    for name, array in arrays.items():
        for change, other in _hostile_arrays(array):
            yield f"{name}_{change}", _encode(header, {**arrays, name: other})
        yield f"{name}_missing", _encode(header, {key: value for key, value in arrays.items() if key != name})
    yield "array_more", _encode(header, {**arrays, "../../evil": np.zeros(4, np.uint8)})
    yield "key_more", _encode({**header, "path": "/etc/passwd"}, arrays)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place in a tree of dicts and lists; inner nodes too."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), inner
        yield from _leaves(inner, (*path, key))


def _put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


def _hostile_arrays(array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "empty", array[:0]
    yield "flat", array.reshape(-1)
    yield "doubled", np.concatenate([array, array])
    yield "wider", np.repeat(array, 2, axis=-1)
    yield "bytes", array.view(np.uint8)
    if array.dtype != np.uint8:
        for value in (np.nan, np.inf, -1e30, 0.0, 9e3):
            yield f"all_{value}", np.full_like(array, value)
        yield "scaled_up", array * 1e3
        yield "scaled_down", array / 1e3
        yield "moved_away", array + 5e5


def _encode(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    try:
        return record_file.encode(header, arrays)
    except (TypeError, ValueError):  # no JSON or no UTF-8: written as a careless program would
        inner = json.dumps({"checksum": "0" * 64, "header": header}).encode("utf-8", "surrogatepass")
        return struct.pack("<Q", len(inner)) + inner
