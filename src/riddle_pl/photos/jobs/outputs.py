"""Writing pictures and records: formats by suffix, no file overwritten, both of a pair or neither.

A pair survives a kill at any moment: the picture is first written whole under a hidden name that its record's contents
determine, then the record appears, then the picture gets its own name. A record without its picture therefore has the
hidden picture beside it, and :func:`finish_pair` puts it in place.

No metadata of the input photo is copied (see :mod:`riddle_pl.photos.jobs.metadata`).
"""

import hashlib
import io
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, PngImagePlugin

from riddle_pl.errors import FileError
from riddle_pl.files import alone_in, atomic_write, require_writable_file, writing_to
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.metadata import SYNTHETIC_NOTE, read_mark
from riddle_pl.photos.record.file import is_record
from riddle_pl.photos.record.png import CHUNK, holds_record

RECORD_SUFFIX = ".riddle"
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
PICTURE_SUFFIXES = tuple(_FORMATS)
AS_USUAL = Compression()
SHORT = 40
"""Characters of a file's stem in its hidden name."""
_LEFTOVER = re.compile(r"\.(?P<stem>.+)\.(?:[0-9a-f]{12}\.tmp|[0-9a-f]{16}\.part)(?P<suffix>\.\w+)")


@runtime_checkable
class Writable(Protocol):
    """A :class:`riddle_pl.photos.record.record.Record`, whose module takes long to import."""

    def to_bytes(self) -> bytes: ...

    def save(self, path: Path | str, overwrite: bool = False) -> None: ...


def check_picture(path: Path, force: bool = False) -> Path:
    """The path, if a picture can be written there.

    Raises:
        FileError: its suffix names no format, its folder cannot be written to, or a file is there (with ``force``: one
            that riddle did not write).
    """
    _check_free(check_picture_name(path), force)
    require_result(path)
    return require_writable_file(path)


def check_record(path: Path, force: bool = False) -> Path:
    """The same as :func:`check_picture` for a record."""
    _check_free(path, force)
    require_record_result(path, "-o")
    return require_writable_file(path, "record")


def check_picture_name(path: Path, option: str = "-o") -> Path:
    """The path, if its suffix names a format that can be written.

    Raises:
        FileError: one line that names ``option``.
    """
    if path.suffix.lower() not in _FORMATS:
        raise FileError(
            f"output {path} has suffix {path.suffix!r}; choose from {', '.join(PICTURE_SUFFIXES)} in {option}"
        )
    return path


def _check_free(path: Path, force: bool) -> None:
    if path.is_file() and not force:
        raise FileError(
            f"output {path} exists already and is left as it is; --force replaces it, or choose another with -o"
        )


def require_result(picture: Path) -> None:
    """Makes sure that a file that is to be replaced was written by riddle.

    Raises:
        FileError: it was not.
    """
    if picture.exists() and read_mark(picture) is None and not holds_record(picture):
        raise FileError(f"output {picture} is nothing that riddle wrote and is left as it is; choose another with -o")


def require_record_result(path: Path, option: str) -> None:
    """Makes sure that nothing but a record is written over.

    Args:
        option: of the command, that names another place.

    Raises:
        FileError: something else is there.
    """
    if path.exists() and not is_record(path):
        raise FileError(f"output {path} is no record and is left as it is; choose another with {option}")


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Makes sure that nothing is written over what is read, whatever the user allows.

    Raises:
        FileError: an output is an input, by whatever name.
    """
    read = {os.path.realpath(path): path for path in inputs}
    for output in outputs:
        if (own := read.get(os.path.realpath(output))) is not None:
            raise FileError(f"output {output} is {own}, which is read, and is left as it is; choose another with -o")


def save_picture(
    pixels: UInt8[ndarray, "h w 3"],
    path: Path,
    overwrite: bool = False,
    note: bytes | None = None,
    record: Writable | None = None,
    name: Path | None = None,
    compression: Compression = AS_USUAL,
) -> None:
    """Writes pixels in the format that the suffix names.

    Args:
        note: XMP packet to write with them (see :mod:`riddle_pl.photos.jobs.metadata`).
        record: to be embedded; in a PNG only.
        name: how messages call the file; ``path`` by default.
        compression: how strongly the pixels are compressed.

    Raises:
        FileError: the file exists (unless ``overwrite``), or cannot be written.
    """
    shown = name or path
    if record is not None and path.suffix.lower() != ".png":
        raise FileError(f"output {shown} cannot hold a record; choose .png")
    with atomic_write(path, overwrite=overwrite, name=name) as temporary:
        _write(pixels, temporary, shown, note, record, compression)


def picture_bytes(
    pixels: UInt8[ndarray, "h w 3"], name: Path, note: bytes | None = None, compression: Compression = AS_USUAL
) -> bytes:
    """The contents of a picture's file, as :func:`save_picture` writes it under this name.

    Raises:
        FileError: the format cannot hold so large a picture.
    """
    buffer = io.BytesIO()
    _write(pixels, buffer, name, note, None, compression)
    return buffer.getvalue()


def _write(
    pixels: UInt8[ndarray, "h w 3"],
    file: Path | io.BytesIO,
    name: Path,
    note: bytes | None,
    record: Writable | None,
    compression: Compression,
) -> None:
    kind = _FORMATS[name.suffix.lower()]
    options: dict[str, Any] = compression.options(kind)
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        if note is not None:
            chunks.add_itxt("XML:com.adobe.xmp", note.decode())
        if record is not None:
            chunks.add(CHUNK, record.to_bytes())
        options = {**options, "pnginfo": chunks}
    elif note is not None:
        options = {**options, "xmp": note}
    try:
        Image.fromarray(pixels).save(file, format=kind, **options)
    except ValueError as error:  # WebP and JPEG have largest sides
        raise FileError(f"output {name} cannot be written as {kind} ({error}); choose .png") from error


def save_pair(
    pixels: UInt8[ndarray, "h w 3"],
    picture: Path,
    record: Writable,
    record_path: Path,
    overwrite: bool = False,
    note: bytes | None = SYNTHETIC_NOTE,
    compression: Compression = AS_USUAL,
) -> None:
    """Writes a picture and its record, both or neither, also when the process is killed (see above).

    Raises:
        FileError: one exists (unless ``overwrite``), or cannot be written.
    """
    content = record.to_bytes()
    part = _part(picture, content)
    require_writable_file(picture, overwrite=overwrite)
    require_writable_file(record_path, "record", overwrite=overwrite)
    try:
        with writing_to(picture.parent):
            save_picture(pixels, part, overwrite=True, note=note, name=picture, compression=compression)
            record.save(record_path, overwrite=overwrite)
            part.replace(picture)
    except BaseException:
        if part.exists():  # the picture is not in place
            written = record_path.is_file() and record_path.read_bytes() == content
            if written and picture.exists():
                raise  # the older record is gone: finish_pair puts the new picture in the older one's place
            if written:
                record_path.unlink()
            part.unlink()
        raise


def finish_pair(picture: Path, record_path: Path) -> bool:
    """Whether a picture and its record are there; completes a pair whose writing was killed in between."""
    if not record_path.is_file():
        return False
    part = _part(picture, record_path.read_bytes())
    if part.is_file() and not picture.is_dir():  # an older picture may be in its place still
        part.replace(picture)
    return picture.is_file()


def sweep(folder: Path, names: Collection[str]) -> None:
    """Removes what a killed job left under hidden names while it wrote the files ``names`` of a folder.

    While another process writes to the folder nothing is removed: it may be that one's.
    """
    if not folder.is_dir():
        return
    hidden = {name[:SHORT] + Path(name).suffix if len(Path(name).stem) > SHORT else name for name in names}
    with alone_in(folder) as alone:
        for path in folder.iterdir() if alone else ():
            name = path.name
            while leftover := _LEFTOVER.fullmatch(name):
                name = leftover["stem"] + leftover["suffix"]
            if name != path.name and name in hidden:
                path.unlink(missing_ok=True)


def picture_beside(record: Path) -> Path | None:
    """The picture with the record's name in the record's folder, if there is one."""
    beside = (record.with_suffix(spelt) for suffix in PICTURE_SUFFIXES for spelt in (suffix, suffix.upper()))
    return next((path for path in beside if path.is_file()), None)


def _part(picture: Path, record: bytes) -> Path:
    return picture.with_name(f".{picture.stem[:SHORT]}.{hashlib.sha256(record).hexdigest()[:16]}.part{picture.suffix}")
