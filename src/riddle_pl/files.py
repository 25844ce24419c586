"""Files: checked before they are read, and written whole or not at all."""

import errno
import fcntl
import hashlib
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from riddle_pl.errors import FileError, RiddleError, shown

MAX_JSON_BYTES = 1 << 26
"""Of a JSON file: the report of a hundred thousand faces has 20 MB."""
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG}
_NO_PLACE = {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}
"""Of the temporary file: its folder is gone, or takes no files."""


def sha256_file(path: Path | str) -> str:
    """Hex sha256 of the file's contents, read in pieces.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"{path} cannot be read ({_reason(error)})") from error


def require_file(path: Path | str, what: str = "file", error: type[RiddleError] = FileError) -> Path:
    """The path, if it is a readable file; else raises ``error`` with a line that begins with ``what``."""
    path = Path(path)
    try:
        if path.is_dir():
            raise error(f"{what} {path} is a folder; give a file")
        if not path.exists():
            raise error(f"{what} {path} does not exist; check the path")
    except (OSError, ValueError) as cause:  # a name too long, a NUL byte, a folder that may not be entered
        raise error(f"{what} {path} cannot be reached ({_reason(cause)})") from cause
    if not os.access(path, os.R_OK):
        raise error(f"{what} {path} cannot be read; check its permissions")
    return path


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """The value in a JSON file, which may come from anyone.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is no ordinary file (a pipe has no end).
        ValueError: too large, no UTF-8, no JSON, or lists within lists without end.
    """
    if path.exists() and not path.is_file():
        raise OSError("it is not an ordinary file")
    with path.open("rb") as file:
        return parse_json(file, max_bytes)


def parse_json(file: IO[bytes], max_bytes: int = MAX_JSON_BYTES) -> Any:
    """The value in an open file; see :func:`read_json`.

    Raises:
        OSError, ValueError: see :func:`read_json`.
    """
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it is larger than {max_bytes >> 20} MiB")
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("it holds lists within lists without end") from None


def require_writable_dir(path: Path | str, what: str = "folder", create: bool = False) -> Path:
    """The path, if it is a folder that can be written to; with ``create`` a missing one is made, parents included.

    Raises:
        FileError: it is missing (without ``create``), not a folder, cannot be made or cannot be written to.
    """
    path = Path(path)
    try:
        if create:
            path.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_dir():
            raise FileError(f"{what} {path} is a file; give a folder")
        if not path.exists():
            raise FileError(f"{what} {path} does not exist; create it or give another")
    except FileExistsError as error:
        raise FileError(f"{what} {path} is a file; give a folder") from error
    except (OSError, ValueError) as error:
        raise FileError(f"{what} {path} cannot be made or reached ({_reason(error)}); give another") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise FileError(f"{what} {path} cannot be written to; check its permissions or give another")
    return path


def require_place_for_dir(path: Path | str, what: str = "folder") -> None:
    """Makes sure that a folder is there or could be made, without making it.

    Raises:
        FileError: see :func:`require_writable_dir`, of the nearest folder that exists; or no folder can have the name.
    """
    place = Path(path)
    try:
        nearest = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    except (OSError, ValueError) as error:  # a name that is too long, a NUL byte
        raise FileError(f"{what} {shown(str(path))} cannot be a folder ({_reason(error)}); give another") from error
    require_writable_dir(nearest, what)


def require_writable_file(path: Path | str, what: str = "output", overwrite: bool = True) -> Path:
    """The path, if a file can be written there. Call it before long work, so that the work is not lost.

    Raises:
        FileError: the folder is missing or unwritable, something that is not a file is in the way, or a file is there
            and ``overwrite`` is false.
    """
    path = Path(path)
    require_writable_dir(path.parent, f"folder of {what}")
    if path.exists() and not path.is_file():
        raise FileError(f"{what} {path} is not an ordinary file; give another name")
    if not overwrite and (path.exists() or path.is_symlink()):  # a link to nothing would choose where to write
        raise FileError(f"{what} {path} exists already; give another name or ask to overwrite it")
    return path


def require_inside(path: Path | str, folder: Path) -> None:
    """Makes sure that no link leads from a place in ``folder``, which may come from anyone, to another place.

    Raises:
        FileError: one does.
    """
    target = Path(path).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise FileError(f"{path} is a link that leads out of {folder}, to {target}; replace it by the file itself")


@contextmanager
def atomic_write(
    path: Path | str, overwrite: bool = True, name: Path | str | None = None, inside: Path | None = None
) -> Iterator[Path]:
    """Yields a temporary path in the same folder (same suffix), renamed to ``path`` if the block succeeds.

    After an exception, Ctrl-C included, the temporary file is gone and ``path`` is as it was. It exists only while this
    process is :func:`writing_to` the folder. A symbolic link is followed, but never out of ``inside``, a folder that
    may come from anyone. The folder must exist. Messages about the disk call the file ``name``; ``path`` by default.

    Raises:
        FileError: see :func:`require_writable_file`; or a link leads out of ``inside``; or the disk is full or refuses;
            or the block wrote nothing.
    """
    target = require_writable_file(path, overwrite=overwrite).resolve()
    if inside is not None:
        require_inside(path, inside)
    temporary = target.with_name(f".{target.stem[:40]}.{secrets.token_hex(6)}.tmp{target.suffix}")
    try:
        with writing_to(target.parent):
            yield temporary
            if not temporary.is_file():
                raise FileError(f"nothing was written for {path}")
            _flush(temporary)
            if not overwrite and target.exists():
                raise FileError(f"output {path} appeared meanwhile; give another name or ask to overwrite it")
            _as_others(temporary)
            temporary.replace(target)
    except OSError as error:
        no_place = error.errno in _NO_PLACE and str(error.filename) == str(temporary)
        if error.errno not in _CANNOT_WRITE and not no_place:
            raise
        shown = path if name is None else name
        raise FileError(f"{shown} cannot be written ({_reason(error)}); free space or give another place") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Inside, this process has temporary files in the folder, and no other process takes them for left over."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Yields whether no process is :func:`writing_to` the folder; then none begins to while the block runs."""
    with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
        yield free


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[bool]:
    """Yields whether the lock was to be had; true on file systems that know none."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        free = True
        try:
            fcntl.flock(descriptor, kind)
        except BlockingIOError:
            free = False
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EBADF, errno.ENOTSUP, errno.EINVAL):
                raise
        yield free
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str, inside: Path | None = None) -> None:
    """Writes a file in UTF-8, whole or not at all; ``inside`` is that of :func:`atomic_write`.

    Raises:
        FileError: its folder cannot be written to.
    """
    with atomic_write(path, inside=inside) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # names of files may be no UTF-8


def write_json(path: Path, content: Any, indent: int | None = 1, inside: Path | None = None) -> None:
    """Writes values as JSON, whole or not at all; a number that is not finite is null.

    Raises:
        FileError: its folder cannot be written to.
    """
    text = json.dumps(finite(content), indent=indent, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n", inside)


def finite(value: Any) -> Any:
    """A value of mappings, lists and numbers, with None for each number that is not finite."""
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_others(path: Path) -> None:
    """Gives a new file the permissions that files get here: some libraries keep theirs from the user's group."""
    mask = os.umask(0o077)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _flush(path: Path) -> None:
    """Forces the file to disk, so that a power cut after the rename cannot leave an empty file."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
