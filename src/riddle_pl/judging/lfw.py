"""Labeled Faces in the Wild: evaluation photos, which no pack is trained on, and verification pairs."""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from riddle_pl.errors import DataError
from riddle_pl.files import require_file
from riddle_pl.judging.people import FaceSource

_NAME = re.compile(r"(?:.*/)?(?P<person>[^/]+)_(?P<number>\d{4})\.\w+")


class Pair(NamedTuple):
    """Two photos by key, and whether they show one person."""

    keys: tuple[str, str]
    same: bool


class LFW(FaceSource):
    """LFW in its published layout: ``Name/Name_0001.jpg`` in folders or a tar archive, and a View 2 pairs file.

    The photo of the lowest number is used of each person.

    Args:
        root: folder of what follows.
        faces: folder or ``.tar`` archive of the photos.
        pairs: pairs file (``pairs.txt``: folds of 300 pairs of one person and 300 of different people); None: not
            available.
        count: see :class:`FaceSource`.
        aligned: see :class:`FaceSource`.

    Source: Huang et al., "Labeled Faces in the Wild" (2007), http://vis-www.cs.umass.edu/lfw/.
    """

    name = "LFW"

    def __init__(
        self,
        root: str,
        faces: str = "lfw_128.tar",
        pairs: str | None = "lfw_pairs.txt",
        count: int | None = 500,
        aligned: bool = True,
    ):
        super().__init__(Path(root).expanduser() / faces, count, aligned)
        self._pairs = Path(root).expanduser() / pairs if pairs is not None else None

    def check(self) -> None:
        """Checks before long work that everything is available.

        Raises:
            DataError: the photos or the pairs are missing, or laid out in another way, or too few.
        """
        super().check()
        if self.has_pairs:
            self.pairs()

    @property
    def has_pairs(self) -> bool:
        """Whether a pairs file was given."""
        return self._pairs is not None

    @property
    def pairs_path(self) -> Path:
        """The pairs file.

        Raises:
            DataError: none was given.
        """
        if self._pairs is None:
            raise DataError("data.pairs is null; give the name of LFW's pairs file")
        return self._pairs

    @cached_property
    def people(self) -> dict[str, dict[int, str]]:
        """Photos by person and number."""
        people: dict[str, dict[int, str]] = {}
        for key in self.source.list_keys():
            if match := _NAME.fullmatch(key):
                people.setdefault(match["person"], {})[int(match["number"])] = key
        if not people:
            raise DataError(
                f"{self.faces_path} holds no file named as LFW's are (Name/Name_0001.jpg); check data.faces"
            )
        return people

    def keys(self) -> Sequence[str]:
        return [photos[min(photos)] for photos in self.people.values()]

    def another(self, key: str) -> str | None:
        """The person's photo of the next number, if there is one."""
        photos = self.people.get(self.person(key), {})
        later = sorted(number for number in photos if photos[number] > key)
        return photos[later[0]] if later else None

    def person(self, key: str) -> str:
        match = _NAME.fullmatch(key)
        return match["person"] if match else key

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
