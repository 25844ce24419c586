"""Writing pictures and records: formats by suffix, no file overwritten, a pair written whole or not at all.

No metadata of the input photo is copied: names, places and times in it could identify the person.
"""

from pathlib import Path
from typing import Any

from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from riddle_pl.errors import FileError
from riddle_pl.files import atomic_write, require_writable_file
from riddle_pl.photos.record import Record

RECORD_SUFFIX = ".riddle"
_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
}
PICTURE_SUFFIXES = tuple(_FORMATS)


def check_new_picture(path: Path, option: str = "-o") -> Path:
    """The path, if a picture can be written there: a known suffix, a writable folder, nothing there yet.

    Raises:
        FileError: one line that names ``option``.
    """
    if path.suffix.lower() not in _FORMATS:
        raise FileError(
            f"output {path} has suffix {path.suffix!r}; choose from {', '.join(PICTURE_SUFFIXES)} in {option}"
        )
    return check_new_file(path, option)


def check_new_file(path: Path, option: str) -> Path:
    """The path, if a file can be written there and none is there yet.

    Raises:
        FileError: one line that names ``option``.
    """
    if path.is_file():
        raise FileError(f"output {path} exists already and is left as it is; choose another with {option}")
    return require_writable_file(path)


def save_picture(pixels: UInt8[ndarray, "h w 3"], path: Path, overwrite: bool = False) -> None:
    """Writes pixels and nothing else, in the format that the suffix names.

    Raises:
        FileError: the file exists (unless ``overwrite``), or cannot be written.
    """
    name, options = _FORMATS[path.suffix.lower()]
    with atomic_write(path, overwrite=overwrite) as temporary:
        try:
            Image.fromarray(pixels).save(temporary, format=name, **options)
        except ValueError as error:  # WebP and JPEG have largest sides
            raise FileError(f"output {path} cannot be written as {name} ({error}); choose .png") from error


def save_pair(
    pixels: UInt8[ndarray, "h w 3"], picture: Path, record: Record, record_path: Path, overwrite: bool = False
) -> None:
    """Writes a picture and its record, both or neither.

    Raises:
        FileError: one exists (unless ``overwrite``), or cannot be written.
    """
    record.save(record_path, overwrite=overwrite)
    try:
        save_picture(pixels, picture, overwrite=overwrite)
    except BaseException:
        record_path.unlink(missing_ok=True)
        raise


def picture_beside(record: Path) -> Path | None:
    """The picture with the record's name in the record's folder, if there is one."""
    beside = (record.with_suffix(suffix) for suffix in PICTURE_SUFFIXES)
    return next((path for path in beside if path.is_file()), None)
