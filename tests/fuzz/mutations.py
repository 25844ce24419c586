"""Broken files that know the format of a record, a picture with one, or an archive."""

from random import Random

from riddle_pl.photos.record.png import SIGNATURE
from tests.fuzz.broken_bytes import broken_bytes
from tests.fuzz.broken_containers import broken_archive, broken_picture
from tests.fuzz.broken_records import broken_record


def mutate(data: bytes, random: Random) -> bytes:
    """A broken form of an intact (or already broken) file."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        data = _once(data, random)
    return data


def _once(data: bytes, random: Random) -> bytes:
    if random.random() < 0.75:
        try:
            if data.startswith(SIGNATURE):
                return broken_picture(data, random)
            if data.startswith(b"PK"):
                return broken_archive(data, random)
            return broken_record(data, random)
        except Exception:  # it is too broken already for a change that knows the format
            pass
    return broken_bytes(data, random)
