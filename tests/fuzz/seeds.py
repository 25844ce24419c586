"""Intact files that the fuzzer starts from: the golden records, and small ones of a pack that does not exist."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from riddle_pl.key import KdfParams
from riddle_pl.photos.record.png import CHUNK, SIGNATURE, holds_record
from riddle_pl.photos.record.record import Record, RecordedFace
from riddle_pl.photos.record.sealing import Patch
from tests.bad_input.broken_images import png_chunk

GOLDEN = Path(__file__).parents[1] / "golden" / "records" / "v1"
MAX_GOLDEN = 70_000
KEY = bytes(range(32))
"""What the small sealed records are sealed with, as if it had come from a password."""


def small_record(faces: int = 2, sealed: bool = True) -> Record:
    square = np.array([[1.0, 2.0], [1.0, 12.0], [11.0, 12.0], [11.0, 2.0]])
    codes = torch.linspace(-2.0, 2.0, faces * 4 * 512).reshape(faces, 4, 512)
    record = Record(
        faces=tuple(RecordedFace(code, square + 20 * index, bytes([index]) * 16) for index, code in enumerate(codes)),
        image_size=(60, 50),
        kdf=KdfParams(64, 1, 1, bytes(range(16))),
        tokens="single",
        pack_name="none",
        pack_hash="ab" * 32,
        encryptor_name="encryptor",
        encryptor_sha256="cd" * 32,
    )
    patches = [Patch(np.full((3, 5, 4), 7 + index, np.uint8), 10 * index, 4) for index in range(faces)]
    return record.seal([KEY] * faces, patches) if sealed else record


def picture(record: bytes) -> bytes:
    """A PNG file of one pixel with a record inside."""
    head = png_chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    return SIGNATURE + head + png_chunk(CHUNK, record) + png_chunk(b"IDAT", b"x") + png_chunk(b"IEND", b"")


def archive(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in entries.items():
            file.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def small_seeds() -> list[bytes]:
    """Fast to read: a record of each mode, a picture, an archive."""
    deniable, sealed = small_record(1, sealed=False).to_bytes(), small_record(2).to_bytes()
    pair = {"a_anonymised.riddle": deniable, "sub folder/ü_anonymised.riddle": sealed}
    return [deniable, sealed, picture(deniable), picture(sealed), archive(pair)]


def all_seeds() -> Iterator[bytes]:
    """Those, and the golden records that are not large."""
    yield from small_seeds()
    for path in sorted(GOLDEN.rglob("*")):
        holds = path.suffix in (".riddle", ".zip") or holds_record(path)
        if holds and "pack" not in path.stem and path.stat().st_size <= MAX_GOLDEN:
            yield path.read_bytes()
