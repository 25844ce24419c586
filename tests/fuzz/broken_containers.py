"""Broken pictures and archives of records."""

import io
import struct
import zipfile
import zlib
from random import Random

from riddle_pl.photos.record.png import CHUNK, SIGNATURE
from tests.fuzz.broken_bytes import broken_bytes
from tests.fuzz.broken_records import broken_record
from tests.fuzz.values import NAMES, NUMBERS


def broken_picture(data: bytes, random: Random) -> bytes:
    chunks: list[tuple[bytes, bytes]] = []
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        chunks.append((kind, data[place + 8 : place + 8 + length]))
        place += 12 + length
    chosen = random.randrange(len(chunks))
    records = [index for index, (kind, _) in enumerate(chunks) if kind == CHUNK]
    action = random.randrange(7)
    if action <= 2 and records:
        index = random.choice(records)
        chunks[index] = (
            CHUNK,
            broken_record(chunks[index][1], random) if action else broken_bytes(chunks[index][1], random),
        )
    elif action == 3:
        chunks.insert(random.randrange(len(chunks) + 1), random.choice(chunks))
    elif action == 4:
        del chunks[chosen]
    elif action == 5:
        chunks[chosen] = (random.choice((CHUNK, b"IEND", b"riDL", b"\0\0\0\0", b"IDAT")), chunks[chosen][1])
    else:
        chunks[chosen:chosen] = [(b"teXt", b"")] * random.choice((1, 2000))
    result = SIGNATURE
    wrong = random.randrange(len(chunks)) if chunks and random.random() < 0.2 else -1
    for index, (kind, content) in enumerate(chunks):
        length, check = len(content), zlib.crc32(kind + content)
        if index == wrong:
            length, check = random.choice(((length, check ^ 1), (random.choice(NUMBERS) % 2**32, check)))
        result += struct.pack(">I4s", length, kind) + content + struct.pack(">I", check)
    return result


def broken_archive(data: bytes, random: Random) -> bytes:
    if random.random() < 0.5:
        return _directory(data, random)
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        entries = [(entry.filename, old.read(entry)) for entry in old.infolist()]
    chosen = random.randrange(len(entries))
    name, content = entries[chosen]
    action = random.randrange(5)
    if action == 0:
        entries[chosen] = (random.choice(NAMES), content)
    elif action == 1:
        entries[chosen] = (name, broken_bytes(content, random))
    elif action == 2:
        entries[chosen] = (name, broken_record(content, random))
    elif action == 3:
        entries.append((random.choice((name, *NAMES)), random.choice((content, b"", data))))
    else:
        del entries[chosen]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        new.comment = random.choice((b"", b"", b"PK\5\6", b"x" * 300))
        for name, content in entries:
            info = zipfile.ZipInfo("x.riddle")
            info.filename = name
            if random.random() < 0.1:
                info.compress_type = random.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
            if random.random() < 0.1:
                info.extra = random.choice((b"\1\0\x08\0" + b"\xff" * 8, b"\1\0\xff\xff", b"\x75\x70\5\0\1aaaa", b"x"))
            try:
                new.writestr(info, content)
            except (ValueError, UnicodeError, UserWarning):
                continue
    return buffer.getvalue()


_FIELDS = {
    b"PK\1\2": (
        *((4, "<H"), (6, "<H"), (8, "<H"), (10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H")),
        *((30, "<H"), (32, "<H"), (34, "<H"), (38, "<I"), (42, "<I")),
    ),
    b"PK\3\4": ((4, "<H"), (6, "<H"), (8, "<H"), (14, "<I"), (18, "<I"), (22, "<I"), (26, "<H"), (28, "<H")),
    b"PK\5\6": ((4, "<H"), (6, "<H"), (8, "<H"), (10, "<H"), (12, "<I"), (16, "<I"), (20, "<H")),
}
"""Places and types of the numbers in a central entry, a local header, and the end of the directory."""


def _directory(data: bytes, random: Random) -> bytes:
    """Another number in the zip file's own structures, or a zip64 end put before the end."""
    content = bytearray(data)
    if random.random() < 0.25:
        end = content.rfind(b"PK\5\6")
        numbers = [random.choice((*NUMBERS, end, 2)) % 2**64 for _ in range(4)]
        record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, random.choice((0, 1)), 0, *numbers)
        locator = b"PK\6\7" + struct.pack("<IQI", random.choice((0, 1)), random.choice((end, *NUMBERS)) % 2**64, 1)
        content[end:end] = record + locator
        return bytes(content)
    kind = random.choice(sorted(_FIELDS))
    places = [place for place in range(len(content)) if content.startswith(kind, place)]
    place, (offset, width) = random.choice(places), random.choice(_FIELDS[kind])
    (old,) = struct.unpack_from(width, content, place + offset)
    size = 8 * struct.calcsize(width)
    new = random.choice((*NUMBERS, old + 1, old - 1, old ^ 1 << random.randrange(size), 2**size - 1)) % 2**size
    struct.pack_into(width, content, place + offset, new)
    return bytes(content)
