"""Broken record files; most keep a right checksum, so that what lies behind it is reached."""

import copy
import json
import struct
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riddle_pl.key import sealing_key
from riddle_pl.photos.record.file import digest
from riddle_pl.photos.record.sealing import NONCE_BYTES
from tests.fuzz.seeds import KEY
from tests.fuzz.values import FLOATS, NUMBERS, TEXTS, TYPES

HEAD = struct.Struct("<Q")
PATCH = struct.Struct("<5I")


@dataclass
class _Parts:
    """A record file, taken apart."""

    header: Any
    arrays: dict[str, np.ndarray]


def _take_apart(data: bytes) -> _Parts:
    (length,) = HEAD.unpack_from(data)
    outer = json.loads(data[8 : 8 + length])
    header = json.loads(outer.pop("__metadata__")["riddle"])["header"]
    body, arrays = data[8 + length :], {}
    for name, entry in outer.items():
        begin, end = entry["data_offsets"]
        kind = {"F32": "<f4", "F64": "<f8", "U8": "|u1"}[entry["dtype"]]
        arrays[name] = np.frombuffer(body[begin:end], kind).reshape(entry["shape"]).copy()
    return _Parts(header, arrays)


def broken_record(data: bytes, random: Random) -> bytes:
    parts = _take_apart(data)
    random.choice((_header_value, _header_value, _array_values, _array_shape, _faces, _sealed, _nothing))(parts, random)
    return _put_together(parts, random)


def _nothing(parts: _Parts, random: Random) -> None:
    """Only what :func:`_put_together` does."""


def _value(random: Random, old: object = None) -> Any:
    kind = random.randrange(9)
    if kind == 0:
        return random.choice(NUMBERS) * random.choice((1, 1, 1, -1))
    if kind == 1:
        return random.choice(FLOATS)
    if kind == 2:
        return random.choice(TEXTS)
    if kind == 3:
        return random.choice((None, True, False, 10**400, [], {}, [[]] * 3000, [1, 2], {"name": "a", "sha256": "b"}))
    if kind == 4:
        return _nested(random.choice((10, 300, 900, 990)), random)
    if isinstance(old, str):
        return old.swapcase() if kind == 5 else old + random.choice(TEXTS) if kind == 6 else old[: random.randrange(9)]
    if type(old) is int:
        return float(old) if kind == 5 else str(old) if kind == 6 else old + random.choice((-1, 1, 2**16))
    return [old] if kind == 5 else old


def _nested(depth: int, random: Random) -> Any:
    value: Any = 1
    as_list = random.random() < 0.5
    for _ in range(depth):
        value = [value] if as_list else {"a": value}
    return value


def _header_value(parts: _Parts, random: Random) -> None:
    places: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, inner in list(pairs)[:50]:
            places.append((node, key))
            collect(inner)

    collect(parts.header)
    node, key = random.choice(places)
    action = random.randrange(10)
    if action == 0 and isinstance(node, dict):
        del node[key]
    elif action == 1 and isinstance(node, dict):
        node[random.choice((*TEXTS, "path"))] = _value(random)
    else:
        node[key] = _value(random, node[key])


def _array_values(parts: _Parts, random: Random) -> None:
    array = parts.arrays[random.choice(sorted(parts.arrays))]
    flat = array.reshape(-1)
    if array.dtype.kind != "f":
        flat[random.randrange(len(flat))] ^= 1 << random.randrange(8)
        return
    value = random.choice(FLOATS) * random.choice((1.0, -1.0, 0.999))
    place = slice(None) if random.random() < 0.3 else random.randrange(len(flat))
    with np.errstate(all="ignore"):
        if random.random() < 0.3:
            flat[place] *= value
        else:
            flat[place] = value


def _array_shape(parts: _Parts, random: Random) -> None:
    name = random.choice(sorted(parts.arrays))
    array = parts.arrays[name]
    changes: tuple[Any, ...] = (
        lambda: array[:0],
        lambda: array[1:],
        lambda: array[..., :-1],
        lambda: array.reshape(-1),
        lambda: array[None],
        lambda: np.concatenate([array, array]),
        lambda: np.repeat(array, 2, axis=-1),
        lambda: array.view(np.uint8),
        lambda: array.astype(random.choice((np.float32, np.float64, np.uint8))),
        lambda: np.zeros((0, *array.shape[1:]), array.dtype),
    )
    action = random.randrange(len(changes) + 2)
    with np.errstate(all="ignore"):
        if action < len(changes):
            parts.arrays[name] = changes[action]()
        elif action == len(changes):
            parts.arrays[random.choice(TEXTS)] = parts.arrays.pop(name)
        else:
            parts.arrays[random.choice((*TEXTS, "sealed.9", "sealed.00"))] = array


def _faces(parts: _Parts, random: Random) -> None:
    """Another number of faces, consistently."""
    count = random.choice((1, 2, 3, 5, 40))
    picks = [random.randrange(len(parts.arrays["w_enc"])) for _ in range(count)]
    sealed = [parts.arrays.pop(f"sealed.{i}", None) for i in range(len(parts.arrays["w_enc"]))]
    for name in ("w_enc", "quads"):
        parts.arrays[name] = parts.arrays[name][picks]
    for index, pick in enumerate(picks):
        if sealed[pick] is not None:
            parts.arrays[f"sealed.{index}"] = sealed[pick]
    parts.header["faces"] = count


def _sealed(parts: _Parts, random: Random) -> None:
    """An original that is authentic and is none, as only somebody who has the password can make it."""
    parts.header["mode"] = "sealed"
    public = {name: parts.arrays[name] for name in ("w_enc", "quads")}
    for index in range(len(public["w_enc"])):
        fields = [random.choice((0, 1, 2, 3, 4, 5, random.choice(NUMBERS))) % 2**32 for _ in range(5)]
        size = random.choice((fields[2] * fields[3] * fields[4], 0, 19, 20, 60)) % 4000
        plain = PATCH.pack(*fields) + bytes(size)
        if random.random() < 0.2:
            plain = plain[: random.randrange(len(plain))]
        associated = digest(parts.header, public) + struct.pack("<I", index)
        cipher = AESGCM(sealing_key(KEY)).encrypt(bytes(NONCE_BYTES), plain, associated)
        parts.arrays[f"sealed.{index}"] = np.frombuffer(bytes(NONCE_BYTES) + cipher, np.uint8)


def _put_together(parts: _Parts, random: Random) -> bytes:
    """The file, with a right checksum as a rule, and now and then an odd outer form."""
    kinds = {"<f4": "F32", "<f8": "F64", "|u1": "U8"}
    outer: dict[str, Any] = {}
    body = b""
    names = list(parts.arrays)
    if random.random() < 0.2:
        random.shuffle(names)
    for name in names:
        array = np.ascontiguousarray(parts.arrays[name])
        offsets = [len(body), len(body) + array.nbytes]
        outer[name] = {"dtype": kinds[array.dtype.str], "shape": list(array.shape), "data_offsets": offsets}
        body += array.tobytes()
    checksum = digest(parts.header, parts.arrays).hex()
    inner = {"checksum": checksum, "header": parts.header}
    odd = random.randrange(24)
    if odd == 0:
        inner["checksum"] = _value(random, checksum)
    elif odd == 1:
        inner[random.choice(TEXTS)] = _value(random)
    elif odd in (2, 3, 4, 5, 6):
        _outer_entry(outer, random)
    separators = (",", ":") if odd != 7 else (", ", " :\t")
    text = json.dumps(inner, separators=separators)
    if odd == 8:
        text = _twice(text, random)
    metadata: dict[str, Any] = {"riddle": text}
    if odd == 9:
        metadata[random.choice(TEXTS)] = _value(random)
    items = [("__metadata__", metadata), *outer.items()]
    if odd == 10:
        random.shuffle(items)
    head = json.dumps(dict(items), separators=separators, ensure_ascii=odd != 11)
    if odd == 12:
        head = _twice(head, random)
    encoding = random.choice(("utf-16", "utf-32", "utf-8-sig")) if odd == 13 else "utf-8"
    content = head.encode(encoding, "surrogatepass")
    content += b" " * (-len(content) % 8 if odd != 14 else random.choice((0, 1, 4000)))
    if odd == 15:
        content = random.choice((b" ", b"\n", b"\0")) + content
    length = random.choice(NUMBERS) % 2**64 if odd == 16 else len(content)
    tail = random.choice((b"", b"\0", b"x" * 100)) if odd == 17 else b""
    return HEAD.pack(length) + content + body + tail


def _outer_entry(outer: dict[str, Any], random: Random) -> None:
    name = random.choice(sorted(outer))
    entry = outer[name]
    action = random.randrange(6)
    if action == 0:
        entry["dtype"] = random.choice(TYPES)
    elif action == 1:
        entry["shape"] = random.choice(
            (
                [random.choice(NUMBERS)] * random.choice((0, 1, 2, 3, 70)),
                [-1],
                _value(random),
                [0, random.choice(NUMBERS)],
            )
        )
    elif action == 2:
        entry["data_offsets"] = [random.choice((*NUMBERS, *entry["data_offsets"])), random.choice(NUMBERS)]
    elif action == 3:
        entry[random.choice((*TEXTS, "dtype"))] = _value(random)
    elif action == 4:
        outer[random.choice((*TEXTS, "more"))] = copy.deepcopy(entry)
    else:
        outer[name] = _value(random)


def _twice(text: str, random: Random) -> str:
    """A JSON text in which one name comes twice, with the same value or another."""
    starts = [place + 1 for place, character in enumerate(text) if character == "{"]
    keys = ("checksum", "header", "format_version", "mode", "faces", "riddle", "__metadata__", "w_enc", "dtype", "name")
    key, place = random.choice(keys), random.choice(starts)
    return f"{text[:place]}{json.dumps(key)}:{json.dumps(_value(random))},{text[place:]}"
