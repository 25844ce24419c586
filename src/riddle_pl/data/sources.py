"""Image files in folders and tar archives, listed in a fixed order and read as bytes."""

import hashlib
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from riddle_pl.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Suffixes of image files; other files are ignored."""
_CHUNK = 1 << 20


def is_image_name(name: str, suffixes: tuple[str, ...] = SUFFIXES) -> bool:
    """Whether a file name is that of an image; hidden files are not."""
    base = name.rsplit("/", 1)[-1]
    return base.lower().endswith(suffixes) and not base.startswith(".")


class ImageSource(Protocol):
    """A list of image files by key (a relative path with forward slashes)."""

    name: str

    def list_keys(self) -> list[str]:
        """All keys, sorted."""
        ...

    def read(self, key: str) -> bytes:
        """The contents of a file; raises OSError."""
        ...

    def stamp(self, key: str) -> str:
        """Changes when the file is written: size, dates and position; raises OSError."""
        ...


class FolderSource:
    """The image files below a folder; symbolic links to folders are followed, each folder once.

    Raises:
        DataError: the folder does not exist, or is a file.
    """

    def __init__(self, root: Path | str):
        self.root = Path(root).expanduser()
        self.name = str(root)
        if self.root.is_file():
            raise DataError(f"{root} is neither a folder nor a tar archive; give one that holds image files")
        if not self.root.is_dir():
            raise DataError(f"data folder {root} does not exist; check data.root")

    def list_keys(self) -> list[str]:
        found, seen = [], set()
        for folder, folders, files in os.walk(self.root, followlinks=True):
            if (place := os.path.realpath(folder)) in seen:  # visited already
                folders.clear()
                continue
            seen.add(place)
            folders.sort(key=lambda name: (os.path.islink(os.path.join(folder, name)), name))
            found += [(Path(folder) / file).relative_to(self.root).as_posix() for file in files if is_image_name(file)]
        return sorted(found)

    def read(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def stamp(self, key: str) -> str:
        return file_stamp(self.root / key)


class TarSource:
    """The image files in an uncompressed tar archive. It is not unpacked to disk.

    Args:
        path: of the archive.
        wanted: predicate on file names.

    Raises:
        DataError: the archive is missing, damaged, cut short or compressed, or two files in it have one name.
    """

    def __init__(self, path: Path | str, wanted: Callable[[str], bool] = is_image_name):
        self.path = Path(path).expanduser()
        self.name = str(path)
        if not self.path.is_file():
            raise DataError(f"archive {path} does not exist; check data.root")
        self._places: dict[str, tuple[int, int]] = {}
        try:
            with tarfile.open(self.path, "r:") as tar:
                for member in tar:
                    if not member.isfile() or member.issparse() or not wanted(member.name):
                        continue
                    if member.name in self._places:
                        raise DataError(f"archive {path} has two files {member.name!r:.80}; rename one")
                    self._places[member.name] = (member.offset_data, member.size)
                self._check_end(tar.offset)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise DataError(f"archive {path} cannot be read as an uncompressed tar ({error}); get it again") from error

    def _check_end(self, offset: int) -> None:
        """Makes sure that nothing but zeros follows the last file: tarfile takes a damaged header for the end."""
        with self.path.open("rb") as file:
            file.seek(offset)
            if len(end := file.read(tarfile.BLOCKSIZE)) < tarfile.BLOCKSIZE:
                raise DataError(f"archive {self.path} is cut short; get it again")
            while end:
                if end.count(0) < len(end):
                    raise DataError(
                        f"archive {self.path} is damaged at byte {offset:,}, or another archive follows there; get it "
                        "again, or take them apart"
                    )
                end = file.read(_CHUNK)

    def list_keys(self) -> list[str]:
        return sorted(self._places)

    def read(self, key: str) -> bytes:
        offset, size = self._places[key]
        with self.path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) != size:
            raise OSError(f"the archive is cut short: {len(data)} of {size} bytes")
        return data

    def stamp(self, key: str) -> str:
        offset, size = self._places[key]
        return f"{file_stamp(self.path)} {offset} {size}"


class JoinedSource:
    """Several sources as one; a key begins with its source's number and name."""

    def __init__(self, sources: Sequence[ImageSource]):
        self.name = ", ".join(source.name for source in sources)
        self._sources = {f"{i}-{Path(source.name).stem}": source for i, source in enumerate(sources)}

    def list_keys(self) -> list[str]:
        return [f"{prefix}/{key}" for prefix, source in self._sources.items() for key in source.list_keys()]

    def read(self, key: str) -> bytes:
        prefix, _, inner = key.partition("/")
        return self._sources[prefix].read(inner)

    def stamp(self, key: str) -> str:
        prefix, _, inner = key.partition("/")
        return self._sources[prefix].stamp(inner)


def open_source(root: str | Path | Sequence[str | Path]) -> ImageSource:
    """A folder, a tar archive, or a list of them.

    Raises:
        DataError: something does not exist, or the list is empty.
    """
    if not isinstance(root, str | Path):
        if not root:
            raise DataError("data.root is an empty list; give a folder or a tar archive")
        return JoinedSource([open_source(one) for one in root])
    return TarSource(root) if str(root).endswith(".tar") else FolderSource(root)


def file_stamp(path: Path) -> str:
    """Size, modification and change time of a file, to detect writes.

    Raises:
        OSError: no such file.
    """
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def sha256(data: bytes) -> str:
    """Hex digest of some bytes."""
    return hashlib.sha256(data).hexdigest()
