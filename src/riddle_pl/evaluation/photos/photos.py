"""The photos of a measurement: a fixed random choice of those in folders and tar archives."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import UInt8

from riddle_pl.data.sources import ImageSource
from riddle_pl.errors import DataError, PhotoError
from riddle_pl.evaluation.photos.backgrounds import MAX_PEOPLE, backgrounds, compose_photo
from riddle_pl.faces.load import decode_image


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo.

    Args:
        name: its key, or those of the crops that it is made of.
        pixels: RGB; None if it cannot be read.
        people: how many there are in it, where that is known.
        error: why it cannot be read.
    """

    name: str
    pixels: UInt8[np.ndarray, "h w 3"] | None
    people: int | None = None
    error: str = ""


class Photos(Protocol):
    """A source of photos."""

    note: str
    """Note for the report."""

    def __iter__(self) -> Iterator[Photo]: ...


class PlainPhotos:
    """Photos as they are.

    Args:
        source: folder or archive.
        count: how many, at most.
        seed: chooses them.
    """

    note = "photos as they are"

    def __init__(self, source: ImageSource, count: int, seed: int):
        self.source, self.count = source, count
        self.keys = shuffled(source, seed)

    def __iter__(self) -> Iterator[Photo]:
        for key in self.keys[: self.count]:
            try:
                yield Photo(key, decode_image(_read(self.source, key), key))
            except PhotoError as error:
                yield Photo(key, None, error=str(error))


class CompositePhotos:
    """Composites of one to three aligned face crops on photos without people (``backgrounds.py``).

    Args:
        source: folder or archive of the crops.
        count: pictures, at most.
        seed: chooses crops, places and backgrounds.
    """

    note = (
        "aligned face crops, one to three at a time, laid at 112 to 224 px on photos without people (900 x 600): "
        "real faces, but not whole photos"
    )

    def __init__(self, source: ImageSource, count: int, seed: int):
        self.source, self.count, self.seed = source, count, seed
        self.keys = shuffled(source, seed)

    def __iter__(self) -> Iterator[Photo]:
        rng = np.random.default_rng(self.seed)
        grounds = backgrounds()
        place = 0
        for number in range(self.count):
            keys = self.keys[place : place + int(rng.integers(1, MAX_PEOPLE, endpoint=True))]
            place += len(keys)
            if not keys:
                return
            name = " + ".join(keys)
            try:
                crops = [decode_image(_read(self.source, key), key) for key in keys]
            except PhotoError as error:
                yield Photo(name, None, error=str(error))
                continue
            yield Photo(name, compose_photo(crops, grounds[number % len(grounds)], rng), len(keys))


def shuffled(source: ImageSource, seed: int) -> Sequence[str]:
    """The keys in an order that depends on key and seed only, so that a larger count only adds photos.

    Raises:
        DataError: there is no image.
    """
    keys = source.list_keys()
    if not keys:
        raise DataError(f"{source.name} holds no image; give a folder or a tar archive of photos")
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed} {key}".encode("utf-8", "surrogateescape")).digest())


def _read(source: ImageSource, key: str) -> bytes:
    try:
        return source.read(key)
    except OSError as error:
        raise PhotoError(f"photo {key} cannot be read ({error})") from error
