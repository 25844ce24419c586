"""Records from where they lie: beside a picture, inside a PNG picture, in an archive."""

from pathlib import Path

from riddle_pl.photos.record.archive import RecordArchive
from riddle_pl.photos.record.png import embedded_bytes, embedded_in
from riddle_pl.photos.record.record import Record


def load_embedded(path: Path | str) -> Record:
    """The record inside a PNG picture, which may come from anyone.

    Raises:
        RecordError: see :func:`embedded_bytes` and :meth:`Record.from_bytes`.
    """
    return Record.from_bytes(embedded_bytes(path), embedded_in(path))


def load_archived(archive: RecordArchive, name: str) -> Record:
    """The record of an entry.

    Raises:
        RecordError: see :meth:`RecordArchive.read` and :meth:`Record.from_bytes`.
    """
    return Record.from_bytes(archive.read(name), f"record {name} of archive {archive.path}")
