"""Labeled Faces in the Wild: the photos that no network of a pack trains on, and the pairs for the threshold."""

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.sources import ImageSource, open_source
from riddle_pl.errors import DataError, PhotoError
from riddle_pl.files import require_file
from riddle_pl.photos.crop import FaceCropper

_NAME = re.compile(r"(?:.*/)?(?P<person>[^/]+)_(?P<number>\d{4})\.\w+")


class Pair(NamedTuple):
    """Two photos by key, and whether they show one person."""

    keys: tuple[str, str]
    same: bool


class LFW:
    """LFW in its published layout: ``Name/Name_0001.jpg`` in folders or a tar archive, and a View 2 pairs file.

    Nothing is read before it is asked for.

    Args:
        root: folder of what follows.
        faces: folder or ``.tar`` archive of the photos.
        pairs: pairs file (``pairs.txt``: folds of 300 pairs of one person and 300 of different people).
        count: people to evaluate on, one photo each.
        aligned: the photos are square FFHQ-style crops; else the largest face of each is found and aligned.

    Source: Huang et al., "Labeled Faces in the Wild" (2007), http://vis-www.cs.umass.edu/lfw/.
    """

    name = "LFW"

    def __init__(
        self,
        root: str,
        faces: str = "lfw_128.tar",
        pairs: str = "lfw_pairs.txt",
        count: int = 500,
        aligned: bool = True,
    ):
        if count < 1:
            raise DataError(f"data.count={count} is too small; give at least 1")
        self.faces_path = Path(root).expanduser() / faces
        self.pairs_path = Path(root).expanduser() / pairs
        self.count = count
        self.crop = FaceCropper(aligned=aligned)
        self.skipped: dict[str, str] = {}
        """Photos that were left out by :meth:`held_out`, and why."""

    @property
    def crop_fingerprint(self) -> str:
        """Names how a photo becomes a face."""
        return self.crop.fingerprint

    def check(self) -> None:
        """Finds out before long work whether everything is there.

        Raises:
            DataError: the photos or the pairs are missing, or laid out in another way, or too few.
        """
        if len(self.people) < self.count:
            raise DataError(f"{self.faces_path} has {len(self.people)} people; data.count={self.count} needs as many")
        self.pairs()

    @cached_property
    def _source(self) -> ImageSource:
        return open_source(self.faces_path)

    @cached_property
    def people(self) -> dict[str, dict[int, str]]:
        """Photos by person and number."""
        people: dict[str, dict[int, str]] = {}
        for key in self._source.list_keys():
            if match := _NAME.fullmatch(key):
                people.setdefault(match["person"], {})[int(match["number"])] = key
        if not people:
            raise DataError(
                f"{self.faces_path} holds no file named as LFW's are (Name/Name_0001.jpg); check data.faces"
            )
        return people

    def read(self, key: str) -> bytes:
        """The contents of a photo's file.

        Raises:
            DataError: it cannot be read.
        """
        try:
            return self._source.read(key)
        except OSError as error:
            raise DataError(f"{key} in {self.faces_path} cannot be read ({error}); get it again") from error

    def load(self, key: str, size: int) -> Float[Tensor, "1 3 size size"]:
        """The aligned face in [-1, 1].

        Raises:
            DataError: the file cannot be read.
            PhotoError: it is no image, or shows no face.
        """
        return self.crop(self.read(key), key, size)

    def held_out(self, seed: int, size: int) -> Iterator[tuple[str, Float[Tensor, "1 3 size size"]]]:
        """``count`` people in an order that the seed fixes, each by the photo of the lowest number, aligned.

        A photo that cannot be used is noted in ``skipped``, and the next person takes its place.
        """
        self.skipped = {}
        order = sorted(self.people, key=lambda person: hashlib.sha256(f"{seed} {person}".encode()).digest())
        found = 0
        for person in order:
            if found == self.count:
                return
            key = self.people[person][min(self.people[person])]
            try:
                x = self.load(key, size)
            except PhotoError as error:
                self.skipped[key] = str(error)
                continue
            found += 1
            yield key, x

    def pairs(self) -> list[Pair]:
        """The pairs whose photos are both there (:attr:`pairs_listed` counts all).

        Raises:
            DataError: the file is missing or has a line of another form, or no pair's photos are there.
        """
        pairs = [pair for pair in self._listed_pairs if pair is not None]
        if not any(not pair.same for pair in pairs):
            raise DataError(f"no pair of different people in {self.pairs_path} has its photos in {self.faces_path}")
        return pairs

    @property
    def pairs_listed(self) -> int:
        """Pairs in the file."""
        return len(self._listed_pairs)

    @cached_property
    def _listed_pairs(self) -> list[Pair | None]:
        """In the order of the file; None for a pair with a photo that is not there."""
        path = require_file(self.pairs_path, "pairs file", DataError)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"pairs file {path} cannot be read ({error}); give LFW's pairs.txt") from error
        pairs: list[Pair | None] = []
        for number, line in enumerate(lines, 1):
            match line.split():
                case []:
                    continue
                case [name, a, b] if a.isdecimal() and b.isdecimal():
                    pairs.append(self._pair((name, a), (name, b), same=True))
                case [name_a, a, name_b, b] if a.isdecimal() and b.isdecimal():
                    pairs.append(self._pair((name_a, a), (name_b, b), same=False))
                case header if number == 1 and all(word.isdecimal() for word in header):
                    continue  # folds and pairs per fold
                case _:
                    raise DataError(
                        f"pairs file {path}, line {number}: {line!r:.60} is no pair; expected `Name 1 2` (one "
                        "person) or `Name 1 Other_Name 2` (two people)"
                    )
        return pairs

    def _pair(self, first: tuple[str, str], second: tuple[str, str], same: bool) -> Pair | None:
        a, b = (self.people.get(name, {}).get(int(number)) for name, number in (first, second))
        return None if a is None or b is None else Pair((a, b), same)
