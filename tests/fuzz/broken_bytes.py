"""Changes that know nothing of the format."""

import struct
from random import Random

from tests.fuzz.values import NUMBERS


def broken_bytes(data: bytes, random: Random) -> bytes:
    content = bytearray(data)
    head = min(len(content), 1200)  # headers are where it matters
    place = random.randrange(random.choice((head, len(content))) or 1) if content else 0
    action = random.randrange(8)
    if action == 0 and content:
        content[place] ^= 1 << random.randrange(8)
    elif action == 1 and content:
        content[place] = random.randrange(256)
    elif action == 2:
        del content[place : place + random.choice((1, 2, 4, 8, 100))]
    elif action == 3:
        content[place:place] = random.randbytes(random.choice((1, 2, 4, 8, 100)))
    elif action == 4:
        del content[place:]
    elif action == 5:
        content += random.choice((b" ", b"\0", bytes(64), b"PK\5\6" + bytes(18), random.randbytes(30)))
    elif action == 6:
        kind = random.choice(("<Q", "<I", "<H", ">I", ">Q"))
        width = struct.calcsize(kind)
        content[place : place + width] = struct.pack(kind, random.choice(NUMBERS) % 2 ** (8 * width))
    else:
        start, length = random.randrange(len(content) or 1), random.choice((1, 8, 40, 400))
        content[place : place + random.choice((0, length))] = content[start : start + length]
    return bytes(content)
