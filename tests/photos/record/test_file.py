"""If this fails, damage to a record goes unnoticed, or a file that is none takes the program's memory."""

import hashlib
import json
import os
import struct

import numpy as np
import pytest
from safetensors import SafetensorError

from riddle_pl.errors import RecordError
from riddle_pl.photos.record import file as record_file
from riddle_pl.photos.record.file import decode, digest, encode, read

HEADER = {"format_version": 1, "b": 2, "a": [1, "x"]}
ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "q": np.array([1.5, 2.5]), "s": np.arange(3, dtype="u1")}


def test_the_checksum_worked_by_hand():
    total = hashlib.sha256(b'{"a":[1,"x"],"b":2,"format_version":1}')
    for label, content in (
        (b'["q", "<f8", [2]]', struct.pack("<2d", 1.5, 2.5)),
        (b'["s", "|u1", [3]]', bytes([0, 1, 2])),
        (b'["w", "<f4", [2, 3]]', struct.pack("<6f", *range(6))),
    ):
        total.update(hashlib.sha256(label).digest())
        total.update(hashlib.sha256(content).digest())
    assert digest(HEADER, ARRAYS) == total.digest()
    turned = {**ARRAYS, "w": np.asfortranarray(ARRAYS["w"])}  # another order in memory, the same array
    assert digest(dict(reversed(HEADER.items())), dict(reversed(turned.items()))) == total.digest()


def test_round_trip_and_one_form_only():
    content = encode(HEADER, ARRAYS)
    header, arrays = decode(content)
    assert header == HEADER
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    turned = {name: np.asfortranarray(array) for name, array in reversed(ARRAYS.items())}
    assert encode(HEADER, turned) == content


def test_a_changed_value_with_the_old_checksum_is_damage():
    content = encode(HEADER, ARRAYS)
    for old, new in ((struct.pack("<d", 2.5), struct.pack("<d", 2.75)), (b'\\"b\\":2', b'\\"b\\":3')):
        assert content.count(old) == 1
        with pytest.raises(RecordError, match="do not match their checksum"):
            decode(content.replace(old, new))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (0, "expected 1 to 4: the file is damaged"),
        (-1, "expected 1 to 4: the file is damaged"),
        (1.0, "expected 1 to 4: the file is damaged"),
        (True, "expected 1 to 4: the file is damaged"),
        (None, "expected 1 to 4: the file is damaged"),
        (5, "reads up to 4: upgrade it"),
    ],
)
def test_versions(version, message):
    with pytest.raises(RecordError, match=message):
        decode(encode({**HEADER, "format_version": version}, ARRAYS))


def test_what_is_too_large_is_not_written(monkeypatch):
    monkeypatch.setattr(record_file, "MAX_FILE_BYTES", record_file.MAX_HEADER_BYTES + 8 + 43)
    encode(HEADER, ARRAYS)  # 24 + 16 + 3 bytes
    with pytest.raises(RecordError, match="would be larger than"):
        encode(HEADER, {**ARRAYS, "t": np.zeros(1, "u1")})


def test_the_limits_are_those_of_the_documents():
    assert record_file.MAX_FILE_BYTES == 512 * 1024 * 1024
    assert record_file.MAX_HEADER_BYTES == 1024 * 1024
    assert (record_file.MAX_ARRAYS, record_file.FORMAT_VERSION) == (4096, 4)


def test_what_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.riddle"
    path.write_bytes(b"x" * 100)
    monkeypatch.setattr(record_file, "MAX_FILE_BYTES", 100)
    assert read(path) == b"x" * 100
    path.write_bytes(b"x" * 101)
    with pytest.raises(RecordError, match=r"a\.riddle is larger than 0 MiB; this is no record"):
        read(path)


@pytest.mark.parametrize("fault", [OSError("gone"), MemoryError()])
def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch, fault):
    path = tmp_path / "a.riddle"
    path.touch()

    def fails(*_args):
        raise fault

    monkeypatch.setattr("pathlib.Path.open", fails)
    with pytest.raises(RecordError, match=r"record .*a\.riddle cannot be read"):
        read(path)


@pytest.mark.parametrize("fault", [SafetensorError, ValueError, KeyError, TypeError, OverflowError])
def test_whatever_safetensors_says_of_a_file_is_one_line(monkeypatch, fault):
    def fails(_content):
        raise fault("odd")

    monkeypatch.setattr(record_file.safetensors.numpy, "load", fails)
    with pytest.raises(RecordError, match="truncated or damaged; use another copy of it"):
        decode(encode(HEADER, ARRAYS))


def test_what_is_no_ordinary_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.riddle")
    with pytest.raises(RecordError, match="not an ordinary file; save it to disk first"):
        read(tmp_path / "pipe.riddle")
    with pytest.raises(RecordError, match="does not exist"):
        read(tmp_path / "absent.riddle")


def crafted(metadata: object, arrays: dict[str, object], length: int | None = None) -> bytes:
    text = json.dumps({"__metadata__": metadata, **arrays}).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


INNER = {"riddle": json.dumps({"header": {"format_version": 1}, "checksum": ""})}
U8 = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}


def test_the_outer_header_is_checked_before_it_is_used(monkeypatch):
    for content, message in (
        (b"1234567", "too short for a record"),
        (bytes(8), "safetensors header is not JSON"),
        (crafted(INNER, {}, length=10**9), "truncated, or is no"),
        (crafted(INNER, {})[:-1], "truncated, or is no"),
        (crafted({"other": "x"}, {}), "its header says nothing of one"),
        (crafted(INNER, {str(i): U8 for i in range(4097)}), "holds 4097 arrays; expected at most 4096"),
        (crafted(INNER, {"a": {**U8, "dtype": "I64"}}), "array 'a' has type 'I64'; expected one of F32, F64, U8"),
        (crafted(INNER, {"a": U8}), "do not match their checksum"),
    ):
        with pytest.raises(RecordError, match=message):
            decode(content)
    intact = encode(HEADER, ARRAYS)
    (length,) = struct.unpack_from("<Q", intact)
    monkeypatch.setattr(record_file, "MAX_HEADER_BYTES", length)
    decode(intact)
    monkeypatch.setattr(record_file, "MAX_HEADER_BYTES", length - 1)
    with pytest.raises(RecordError, match="truncated, or is no"):
        decode(intact)


def test_how_many_arrays_are_read(monkeypatch):
    content = encode(HEADER, ARRAYS)
    monkeypatch.setattr(record_file, "MAX_ARRAYS", 3)
    decode(content)
    monkeypatch.setattr(record_file, "MAX_ARRAYS", 2)
    with pytest.raises(RecordError, match="holds 3 arrays; expected at most 2"):
        decode(content)
