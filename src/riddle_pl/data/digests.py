"""Cache of image hashes, valid as long as size and dates of a file are unchanged."""

from pathlib import Path

from riddle_pl.data.sources import ImageSource, sha256
from riddle_pl.files import read_json, write_json

MAX_BYTES = 1 << 30
"""Largest size of the file; an image takes about 200 bytes."""


class Digests:
    """The hashes of a data set's images by key.

    Args:
        path: of the cache file; an unreadable one is ignored.
        recheck: ignore the cache.
    """

    def __init__(self, path: Path, recheck: bool = False):
        self.path = path
        self._kept: dict[str, tuple[str, str]] = {} if recheck else _read(path)
        self._now: dict[str, tuple[str, str]] = {}

    def of(self, source: ImageSource, key: str) -> str:
        """sha256 of an image, from the cache if size and dates of the file are unchanged.

        Raises:
            OSError: it cannot be read.
        """
        stamp = source.stamp(key)
        kept = self._kept.get(key)
        digest = kept[1] if kept is not None and kept[0] == stamp else sha256(source.read(key))
        self._now[key] = (stamp, digest)
        return digest

    def save(self) -> None:
        """Writes the hashes that were used.

        Raises:
            FileError: it cannot be written.
        """
        if self._now == self._kept:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, self._now, indent=None, inside=self.path.parent)


def _read(path: Path) -> dict[str, tuple[str, str]]:
    try:
        data = read_json(path, MAX_BYTES)
        return {str(key): (str(stamp), str(digest)) for key, (stamp, digest) in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
