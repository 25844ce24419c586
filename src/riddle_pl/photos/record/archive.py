"""One file with the records of a whole folder: a zip archive that any program can open, each entry a ``.riddle`` file.

Entries are stored as they are (records do not compress), named after their picture's place below the folder, and carry
no times. Names in an archive may come from anyone: what leads out of a folder is refused.
"""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from riddle_pl.errors import RecordError, one_line
from riddle_pl.files import atomic_write, require_file, require_writable_dir
from riddle_pl.photos.record.file import MAX_FILE_BYTES

SUFFIX = ".riddle"
MAX_RECORDS = 1 << 20
_MAX_NAME, _MAX_PART = 1000, 255
"""Bytes of an entry's name (without the slashes), and of each folder and file in it."""


class RecordArchive:
    """An archive to read.

    Args:
        path: a zip file.

    Raises:
        RecordError: missing, damaged, no archive of records, or with a name that leads out of its folder.
    """

    def __init__(self, path: Path | str):
        self.path = require_file(path, "archive", RecordError)
        try:
            self._archive = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise RecordError(f"archive {path} is no zip file or is damaged ({_short(error)})") from error
        entries = self._archive.infolist()
        if len(entries) > MAX_RECORDS:
            raise RecordError(f"archive {path} has {len(entries)} entries; expected at most {MAX_RECORDS}")
        for entry in entries:
            self._check(entry)
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) != len(entries):
            raise RecordError(f"archive {path} has two entries of one name; it is damaged")

    @property
    def names(self) -> list[str]:
        """Of the entries: places of pictures below a folder, with the suffix of a record, in order."""
        return sorted(self._entries)

    def label(self, name: str) -> str:
        """How messages call the record of an entry."""
        return f"record {name} of archive {self.path}"

    def read(self, name: str) -> bytes:
        """The contents of an entry.

        Raises:
            RecordError: damaged.
        """
        try:
            return self._archive.read(self._entries[name])
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, MemoryError, NotImplementedError) as error:
            raise RecordError(f"record {name!r} of archive {self.path} is damaged ({_short(error)})") from error

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        if not is_entry_name(name):
            raise RecordError(f"archive {self.path} has an entry {name!r:.80}, which is no place below a folder")
        if not name.endswith(SUFFIX):
            raise RecordError(f"archive {self.path} has an entry {name!r:.80}, which is no record")
        stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
        if not stored or entry.flag_bits & 1 or entry.file_size > MAX_FILE_BYTES:
            raise RecordError(f"entry {name!r:.80} of archive {self.path} is compressed, encrypted or too large")


def is_entry_name(name: str) -> bool:
    """Whether something in an archive may have this name: a place below a folder, on every system."""
    parts = PurePosixPath(name).parts
    if not parts or "/".join(parts) != name or ".." in parts or name.startswith("/") or not name.isprintable():
        return False
    sizes = [len(part.encode()) for part in parts]
    return "\\" not in name and ":" not in name and max(sizes) <= _MAX_PART and sum(sizes) <= _MAX_NAME


def is_archive(path: Path) -> bool:
    """Whether the file looks like a zip file, intact or not."""
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:
        return True


def _short(error: Exception) -> str:
    """What zipfile says; it may quote 64 KiB of a crafted file."""
    return f"{one_line(error):.120}"


def archived(path: Path) -> frozenset[str]:
    """The entries of an archive; none if it is not there.

    Raises:
        RecordError: the file is no archive of records.
    """
    return frozenset(RecordArchive(path).names) if path.exists() else frozenset()


def move_into(path: Path, records: Mapping[str, Path]) -> None:
    """Moves record files into an archive, which is made if it is not there. Killed at any moment, no record is lost.

    Args:
        path: of the archive.
        records: record file by entry name. An entry that is there already must be the same.

    Raises:
        FileError: the archive cannot be written.
        RecordError: the file is there and is no archive, or holds another record of the same name; or a name that
            no archive may have.
    """
    for name in records:
        if not is_entry_name(name):
            raise RecordError(f"archive {path} cannot hold a record named {name!r:.80}; rename the photo")
    old = RecordArchive(path) if path.exists() else None
    kept = set(old.names) if old else set()
    for name in sorted(kept & set(records)):
        if old is not None and old.read(name) != records[name].read_bytes():
            raise RecordError(f"archive {path} holds another record {name}; choose another archive")
    new = {name: records[name] for name in sorted(set(records) - kept)}
    if new:
        require_writable_dir(path.parent, "folder of the archive", create=True)
        with atomic_write(path) as temporary:
            if old is not None:
                shutil.copyfile(path, temporary)
            with zipfile.ZipFile(temporary, "a") as archive:
                for name, source in new.items():
                    with archive.open(zipfile.ZipInfo(name), "w") as entry, source.open("rb") as file:
                        shutil.copyfileobj(file, entry)
    for source in records.values():
        source.unlink()
