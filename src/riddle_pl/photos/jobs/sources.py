"""Where records are found: ``.riddle`` files, PNG pictures that hold one, archives, and folders of all these."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from riddle_pl.errors import FileError, RecordError
from riddle_pl.files import require_file
from riddle_pl.photos.jobs.outputs import RECORD_SUFFIX, picture_beside
from riddle_pl.photos.jobs.plan import ENCRYPTED, REKEYED, walk
from riddle_pl.photos.record.archive import RecordArchive, is_archive
from riddle_pl.photos.record.file import read, require_record
from riddle_pl.photos.record.png import embedded_bytes, embedded_in, holds_record, is_png

if TYPE_CHECKING:
    from riddle_pl.photos.record.record import Record


@dataclass(frozen=True)
class Source:
    """One record that was found.

    Args:
        place: where it lies below what the user named; its picture's name with ``.riddle``.
        read: gives the contents of its file.
        name: how messages call it.
        picture: its picture, if that is at hand.
        path: the file that it is in.
        embedded: whether the record is inside the picture.
        archived: whether it is in an archive.
    """

    place: Path
    read: Callable[[], bytes] = field(repr=False)
    name: str
    picture: Path | None
    path: Path
    embedded: bool = False
    archived: bool = False

    @property
    def stem(self) -> str:
        """Of the photo's name, before it was encrypted."""
        return self.place.stem.removesuffix(REKEYED).removesuffix(ENCRYPTED)

    def load(self) -> "Record":
        """Reads and checks it.

        Raises:
            RecordError: it is damaged.
        """
        from riddle_pl.photos.record.record import Record  # takes long to import

        return Record.from_bytes(self.read(), self.name)


def find_records(path: Path, pictures: Path | None = None) -> list[Source]:
    """The records in a file or folder, at least one.

    Args:
        pictures: folder of the pictures that belong to an archive; the archive's own by default.

    Raises:
        RecordError: it is missing, it or an archive is damaged, or there is no record.
        FileError: a folder cannot be read.
    """
    if path.is_dir():
        sources = [source for file in walk(path) for source in _in_folder(file, path)]
        if not sources:
            raise RecordError(f"folder {path} holds no record (.riddle file, or PNG picture with one inside)")
        return sources
    require_file(path, "record", RecordError)
    may_hold = path.suffix.lower() != RECORD_SUFFIX and path.is_file()
    if may_hold and is_archive(path):
        return list(_in_archive(RecordArchive(path), path.parent if pictures is None else pictures))
    source = (_in_picture if may_hold and is_png(path) else _in_file)(path, Path(path.name))
    require_record(source.read(), source.name)
    return [source]


def _in_folder(file: Path, folder: Path) -> Iterator[Source]:
    place = file.relative_to(folder)
    if file.suffix.lower() == RECORD_SUFFIX:
        yield _in_file(file, place)
    elif file.suffix.lower() == ".png" and holds_record(file):
        yield _in_picture(file, place)


def _in_file(path: Path, place: Path) -> Source:
    return Source(place, lambda: read(path), f"record {path}", picture_beside(path), path)


def _in_picture(path: Path, place: Path) -> Source:
    return Source(place, lambda: embedded_bytes(path), embedded_in(path), path, path, embedded=True)


def _in_archive(archive: RecordArchive, pictures: Path) -> Iterator[Source]:
    if not pictures.is_dir():
        raise FileError(f"--image {pictures} is no folder; give the one that archive {archive.path} belongs to")
    if not archive.names:
        raise RecordError(f"archive {archive.path} is empty")
    for name in archive.names:
        picture = picture_beside(pictures / name)
        yield Source(Path(name), partial(archive.read, name), archive.label(name), picture, archive.path, archived=True)
