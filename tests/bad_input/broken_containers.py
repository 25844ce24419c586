"""Archives of records and pictures that hold one, made by breaking intact ones; the same in every run."""

import io
import random
import stat
import struct
import zipfile
from collections.abc import Iterator

from tests.bad_input.broken_images import png_chunk

Case = tuple[str, bytes]

BAD_NAMES = (
    "../evil.riddle",
    "a/../../evil.riddle",
    "/tmp/evil.riddle",
    "C:evil.riddle",
    "..\\evil.riddle",
    "a//b.riddle",
    "./a.riddle",
    "a\nb.riddle",
    "evil.riddle/",
    "x" * 2000 + ".riddle",
    "program.sh",
    ".riddle/../evil.riddle",
)
CHUNK = b"riDl"


def archive(*entries: tuple[str, bytes], mode: int = 0o600, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = compression
            file.writestr(info, content)
    return buffer.getvalue()


def broken_archives(record: bytes) -> Iterator[Case]:
    """Name and contents of each; ``record`` is an intact one."""
    good = archive(("photo_anonymised.riddle", record))
    for name in BAD_NAMES:
        yield f"name_{name:.30}", archive((name, record))
        yield f"second_name_{name:.30}", archive(("photo_anonymised.riddle", record), (name, record))
    yield "no_entries", archive()
    yield "one_name_twice", _twice(record)
    yield "compressed", archive(("photo_anonymised.riddle", record), compression=zipfile.ZIP_DEFLATED)
    yield "zip_bomb", archive(("photo_anonymised.riddle", bytes(30_000_000)), compression=zipfile.ZIP_DEFLATED)
    yield "empty_entry", archive(("photo_anonymised.riddle", b""))
    yield "picture_as_entry", archive(("photo_anonymised.riddle", b"\x89PNG\r\n\x1a\n" + bytes(90)))
    yield "archive_in_archive", archive(("photo_anonymised.riddle", good))
    yield "link", archive(("photo_anonymised.riddle", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777)
    yield "encrypted", good.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0")
    for place in (1, 3, 30, len(good) // 2, len(good) - 23, len(good) - 10, len(good) - 1):
        yield f"cut_at_{place}", good[:place]
    directory = good.index(b"PK\x01\x02")
    for field, place in (("size", 24), ("compressed_size", 20), ("name_length", 28), ("place", 42), ("method", 10)):
        yield f"huge_{field}", good[: directory + place] + b"\xff\xff" + good[directory + place + 2 :]
    rng = random.Random(4)
    for _ in range(20):
        place = rng.randrange(len(good))
        yield f"bit_{place}", good[:place] + bytes([good[place] ^ 1 << rng.randrange(8)]) + good[place + 1 :]


def _twice(record: bytes) -> bytes:
    """An archive with two entries of one name, which zipfile only makes under protest."""
    return archive(("a_anonymised.riddle", record), ("b_anonymised.riddle", record)).replace(b"b_anon", b"a_anon")


def broken_pictures(picture: bytes, other: bytes) -> Iterator[Case]:
    """Name and contents of each.

    Args:
        picture: a PNG with a record inside.
        other: a PNG without.
    """
    start = picture.index(CHUNK) - 4
    (length,) = struct.unpack_from(">I", picture, start)
    chunk = picture[start : start + length + 12]
    record = chunk[8:-4]
    yield "two_records", picture[:start] + chunk + picture[start:]
    yield "no_record", other
    yield "empty_record", picture.replace(chunk, png_chunk(CHUNK, b""))
    yield "record_cut", picture.replace(chunk, png_chunk(CHUNK, record[:-40]))
    yield "record_is_noise", picture.replace(chunk, png_chunk(CHUNK, random.Random(1).randbytes(4000)))
    yield "record_after_the_end", picture.replace(chunk, b"") + chunk
    yield "endless_chunk", picture[:start] + b"\x7f\xff\xff\xff" + picture[start + 4 :]
    yield "only_a_record", picture[:8] + chunk
    for place in (start + 8, start + length // 2, start + length + 8):
        yield f"bit_{place - start}", picture[:place] + bytes([picture[place] ^ 1]) + picture[place + 1 :]
    for place in (9, start + 4, start + 100, start + length):
        yield f"cut_at_{place}", picture[:place]
