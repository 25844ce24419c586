"""The files that ``riddle rekey`` reads and writes."""

from dataclasses import dataclass
from pathlib import Path

from jaxtyping import UInt8
from numpy import ndarray

from riddle_pl.errors import FileError, RecordError
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.metadata import SYNTHETIC_NOTE, marked, read_mark
from riddle_pl.photos.jobs.origin import Mark
from riddle_pl.photos.jobs.outputs import (
    AS_USUAL,
    PICTURE_SUFFIXES,
    RECORD_SUFFIX,
    Writable,
    check_picture,
    check_picture_name,
    check_record,
    refuse_inputs,
    save_pair,
    save_picture,
)
from riddle_pl.photos.jobs.plan import REKEYED, is_result
from riddle_pl.photos.jobs.sources import Source, find_records


@dataclass(frozen=True)
class Rekeyed:
    """What is written.

    Args:
        record: the new record; None: inside the picture.
        picture: the new picture; None where it stays as it is or is not at hand.
        replace: whether these are the old files.
        force: whether results of an earlier run may be in their place.
    """

    record: Path | None
    picture: Path | None
    replace: bool
    force: bool = False

    @classmethod
    def plan(
        cls, source: Source, picture: Path | None, mode: str, out: Path | None, replace: bool, force: bool = False
    ) -> "Rekeyed":
        """Names the files, beside the old ones by default.

        Raises:
            FileError: one exists (unless ``replace``; with ``force``: one that riddle did not write), is read, too, or
                cannot be written; the picture to ``replace`` is none that riddle wrote.
        """
        changes = picture is not None and (mode == "deniable" or source.embedded)
        if replace:
            changed = _own(picture) if changes and picture is not None else None
            return cls(None if source.embedded else source.path, changed, True)
        if source.embedded:
            files = cls(None, check_picture(out or _beside(source.path, ".png"), force), False, force)
        else:
            record = check_record(out or _beside(source.path, RECORD_SUFFIX), force)
            if record.suffix.lower() in PICTURE_SUFFIXES:
                raise FileError(f"-o {record} has the suffix of a picture; give the record's name, such as new.riddle")
            beside = None if picture is None or not changes else record.with_suffix(picture.suffix)
            files = cls(record, None if beside is None else check_picture(beside, force), False, force)
        refuse_inputs(filter(None, (files.record, files.picture)), filter(None, (source.path, picture)))
        return files

    def lines(self) -> list[str]:
        """What was written, for the user."""
        picture = [] if self.picture is None else [f"picture: {self.picture}"]
        return picture if self.record is None else [*picture, f"record:  {self.record}"]


def find_record(path: Path, image: Path | None) -> tuple[Source, Path | None]:
    """The one record in a file, and its picture if that is at hand.

    Raises:
        RecordError: there is none or there are several.
    """
    sources = find_records(path)
    if len(sources) != 1 or sources[0].path != path:
        raise RecordError(f"{path} holds {len(sources)} records; give one .riddle file, or one PNG picture")
    return sources[0], image or sources[0].picture


def write_rekeyed(
    files: Rekeyed,
    record: Writable,
    pixels: UInt8[ndarray, "h w 3"] | None,
    note: bool,
    compression: Compression = AS_USUAL,
) -> None:
    """Writes what was planned.

    With ``replace`` the record comes first: it opens with either picture, so that a kill in between loses nothing. A
    picture that is replaced keeps the mark of what it was made from.
    """
    overwrite = files.replace or files.force
    if files.picture is None or pixels is None:
        if files.record is not None:
            record.save(files.record, overwrite=overwrite)
        return
    kept = read_mark(files.picture) if files.replace else None
    synthetic = marked(SYNTHETIC_NOTE if note else None, kept or Mark.of(record.to_bytes()))
    if files.record is None:
        save_picture(pixels, files.picture, overwrite, note=synthetic, record=record, compression=compression)
    elif files.replace:
        record.save(files.record, overwrite=True)
        save_picture(pixels, files.picture, overwrite=True, note=synthetic, compression=compression)
    else:
        save_pair(pixels, files.picture, record, files.record, overwrite, note=synthetic, compression=compression)


def _own(picture: Path) -> Path:
    """The picture, if riddle wrote it.

    Raises:
        FileError: it did not, or the suffix names no format.
    """
    if not is_result(check_picture_name(picture, "--image")):
        raise FileError(
            f"--image {picture} is nothing that riddle wrote and is left as it is; give the encrypted picture, or "
            "leave out --replace"
        )
    return picture


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.stem.removesuffix(REKEYED)}{REKEYED}{suffix}")
