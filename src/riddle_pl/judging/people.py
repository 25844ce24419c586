"""Sources of faces for an evaluation."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.sources import ImageSource, open_source
from riddle_pl.errors import DataError, PhotoError
from riddle_pl.faces.crop import FaceCropper


def nothing_lacks(key: str) -> str | None:
    """No reason for any photo."""
    return None


class FaceSource(ABC):
    """Photos of people, one photo each, read on demand.

    Args:
        path: folder or ``.tar`` archive of the photos.
        count: people to evaluate on; None: all.
        aligned: the photos are square FFHQ-style crops; else the largest face of each is found and aligned.

    Raises:
        DataError: a count below 1.
    """

    name: str
    """Name in reports."""

    def __init__(self, path: Path, count: int | None, aligned: bool):
        if count is not None and count < 1:
            raise DataError(f"data.count={count} is too small; give at least 1")
        self.faces_path = path
        self.count = count
        self.crop = FaceCropper(aligned=aligned)
        self.skipped: dict[str, str] = {}
        """Photos skipped by :meth:`held_out`, with the reason."""
        self._opened: ImageSource | None = None

    @abstractmethod
    def keys(self) -> Sequence[str]:
        """One photo of each person.

        Raises:
            DataError: there is none, or the source is not there.
        """

    def check(self) -> None:
        """Checks before long work that everything is available.

        Raises:
            DataError: the photos are missing, or too few.
        """
        people = len(self.keys())
        if self.count is not None and people < self.count:
            raise DataError(f"{self.faces_path} has {people} people; data.count={self.count} needs as many")

    @property
    def total(self) -> int:
        """Expected number of people."""
        return self.count or len(self.keys())

    @property
    def crop_fingerprint(self) -> str:
        """Fingerprint of detection and alignment."""
        return self.crop.fingerprint

    @property
    def source(self) -> ImageSource:
        """The photos' files.

        Raises:
            DataError: they are not there.
        """
        if self._opened is None:
            self._opened = open_source(self.faces_path)
        return self._opened

    def read(self, key: str) -> bytes:
        """The contents of a photo's file.

        Raises:
            DataError: it cannot be read.
        """
        try:
            return self.source.read(key)
        except OSError as error:
            raise DataError(f"{key} in {self.faces_path} cannot be read ({error}); get it again") from error

    def load(self, key: str, size: int) -> Float[Tensor, "1 3 size size"]:
        """The aligned face in [-1, 1].

        Raises:
            DataError: the file cannot be read.
            PhotoError: it is no image, or shows no face.
        """
        return self.crop(self.read(key), key, size)

    def held_out(
        self, seed: int, size: int, lacks: Callable[[str], str | None] = nothing_lacks
    ) -> Iterator[tuple[str, Float[Tensor, "1 3 size size"]]]:
        """``count`` aligned faces in an order given by the seed.

        Unusable photos, and those for which ``lacks`` gives a reason, are recorded in ``skipped`` and replaced by the
        next person.
        """
        self.skipped = {}
        order = sorted(self.keys(), key=lambda key: hashlib.sha256(f"{seed} {self.person(key)}".encode()).digest())
        found = 0
        for key in order:
            if found == self.count:
                return
            if reason := lacks(key):
                self.skipped[key] = reason
                continue
            try:
                x = self.load(key, size)
            except PhotoError as error:
                self.skipped[key] = str(error)
                continue
            found += 1
            yield key, x

    def person(self, key: str) -> str:
        """Identity in a photo; by default the photo's key."""
        return key


class FolderFaces(FaceSource):
    """Any folder of photos, sub-folders included; or a tar archive. Each photo counts as another person's.

    Args:
        root: folder or ``.tar`` archive.
        count: see :class:`FaceSource`.
        aligned: see :class:`FaceSource`.
    """

    def __init__(self, root: str, count: int | None = None, aligned: bool = False):
        super().__init__(Path(root).expanduser(), count, aligned)
        self.name = self.faces_path.name

    def keys(self) -> Sequence[str]:
        keys = self.source.list_keys()
        if not keys:
            raise DataError(f"{self.faces_path} holds no image; check data.root")
        return keys
