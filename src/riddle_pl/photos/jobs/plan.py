"""Which photos become which files: settled, and checked for clashes, before anything is written."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from riddle_pl.errors import FileError, PhotoError
from riddle_pl.files import require_writable_dir
from riddle_pl.photos.jobs.metadata import read_mark
from riddle_pl.photos.jobs.outputs import PICTURE_SUFFIXES, RECORD_SUFFIX, check_picture_name, refuse_inputs
from riddle_pl.photos.record.archive import is_entry_name
from riddle_pl.photos.record.png import holds_record

_KINDS = "avif bmp gif heic heif hif jfif jpe jpeg jpg mpo png ppm tif tiff webp"
PHOTO_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split(" "))
"""Files of a folder that are taken for photos; a file named by itself may have any suffix."""
ENCRYPTED, RECOVERED, REKEYED, PREVIEW = "_anonymised", "_recovered", "_rekeyed", "_preview"
"""Endings of the names of what is written."""
MAX_NAME_BYTES = 255
MAX_ENDING_BYTES = 64
SPARE_BYTES = 16
"""Of a name, for what tells it from another photo's."""


@dataclass(frozen=True)
class Task:
    """One photo to encrypt.

    Args:
        photo: the photo.
        picture: where the encrypted photo goes.
        record: where its record goes; None: into the picture.
        entry: name of its record in an archive.
    """

    photo: Path
    picture: Path
    record: Path | None
    entry: str


@dataclass(frozen=True)
class Plan:
    """All photos of a job.

    Args:
        tasks: in order, no photo twice, no output twice.
        left_out: pictures that are results of earlier runs, as their contents say.
        renamed: photos whose pictures have other names than usual: they would be too long, or another photo's.
    """

    tasks: tuple[Task, ...]
    left_out: int = 0
    renamed: tuple[Task, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A file, and its place below what the user named."""

    path: Path
    place: Path


def plan_encryption(
    inputs: Sequence[Path],
    out: Path | None = None,
    record: Path | None = None,
    embed: bool = False,
    archived: bool = False,
    ending: str = ENCRYPTED,
) -> Plan:
    """Names the outputs of photos and folders of photos.

    Without ``out`` they lie beside their photos. A folder's structure is kept below ``out``; of several inputs, each
    folder keeps its own name there.

    Args:
        inputs: photos and folders.
        out: a picture, for one photo; else a folder, which need not exist.
        record: for one photo: its record; the picture's name with ``.riddle`` by default.
        embed: the record goes into the picture, which is a PNG.
        archived: records will be moved into an archive, under the names of their entries.
        ending: of the pictures' names; with a picture's suffix (``_safe.jpg``, ``.png``) it sets their format, too.

    Raises:
        PhotoError, FileError: an input is missing, a folder holds no photo, a name that cannot be written, or that
            of an input.
    """
    ending, kind = _split_ending(ending)
    if embed and kind not in ("", ".png"):
        raise FileError(f"--suffix {kind} cannot hold a record: only PNG pictures can; choose .png")
    found, left_out = _find(inputs, out)
    if record is not None:
        require_writable_dir(record.parent, "folder of --record")
    single = len(inputs) == 1 and not inputs[0].is_dir()
    if record is not None and (embed or not single):
        raise FileError(f"--record {record} is for one photo whose record lies beside it; leave it out")
    if single and out is not None and not means_folder(out):
        pictures = [check_picture_name(out)]
        require_writable_dir(out.parent, "folder of output")
    else:
        if out is not None and (out.is_file() or (not out.is_dir() and out.suffix.lower() in PICTURE_SUFFIXES)):
            raise FileError(f"-o {out} names a picture, and there is more than one photo; give a folder")
        pictures = _pictures(found, out, ending, ".png" if embed else kind)
    if embed and any(picture.suffix.lower() != ".png" for picture in pictures):
        raise FileError(f"-o {out} cannot hold its record: only PNG pictures can; choose .png")
    tasks = []
    for file, picture in zip(found, pictures, strict=True):
        beside = record or picture.with_suffix(RECORD_SUFFIX)
        tasks.append(Task(file.path, picture, None if embed else beside, _entry(file, picture)))
    _check_names(tasks)
    refuse_inputs(
        (output for task in tasks for output in (task.picture, task.record) if output), (task.photo for task in tasks)
    )
    if archived:
        _check_entries(tasks)
    given = single and out is not None and not means_folder(out)
    renamed = [task for task in tasks if not given and task.picture.stem != f"{task.photo.stem}{ending}"]
    return Plan(tuple(tasks), left_out, tuple(renamed))


def in_archives(inputs: Iterable[Path]) -> bool:
    """Whether a user named tar archives: one of the inputs is one, or a folder that holds some and no photo."""
    return any(path.is_file() and path.suffix == ".tar" for path in inputs) or any(
        path.is_dir()
        and any(path.glob("*.tar"))
        and not any(file.suffix.lower() in PHOTO_SUFFIXES for file in walk(path))
        for path in inputs
    )


def means_folder(out: Path) -> bool:
    """Whether an output that a user named is a folder: it is one, or has no suffix."""
    return out.is_dir() or not out.suffix


def _pictures(found: Sequence[_Found], out: Path | None, ending: str, kind: str) -> list[Path]:
    """The pictures of photos: ``PHOTO_anonymised.EXT``, or with another ending and format.

    Twins keep their own suffix in the name, or get a number.
    """
    stems = [_short_stem(file.path.stem, ending) for file in found]
    folders = [(file.path if out is None else out / file.place).parent for file in found]
    counts = Counter(_place(folder, stem) for folder, stem in zip(folders, stems, strict=True))
    taken: set[str] = set()
    pictures = []
    for file, folder, stem in zip(found, folders, stems, strict=True):
        name = stem
        if counts[_place(folder, stem)] > 1 and file.path.suffix:
            name = f"{stem}_{file.path.suffix[1:]}"
        number = 1
        while _place(folder, name) in taken or (name != stem and _place(folder, name) in counts):
            number += 1
            name = f"{stem}_{number}"
        taken.add(_place(folder, name))
        pictures.append(folder / f"{name}{ending}{kind or _suffix(file.path)}")
    return pictures


def _split_ending(ending: str) -> tuple[str, str]:
    """The ending of a stem, and the suffix of a format or nothing."""
    stem, dot, suffix = ending.rpartition(".")
    if not dot:
        stem, suffix = ending, ""
    if not ending.isprintable() or "/" in ending or "\\" in ending or len(os.fsencode(stem)) > MAX_ENDING_BYTES:
        raise FileError(f"--suffix {ending!r:.80} cannot end a name; give something short such as _safe or _safe.jpg")
    if dot and f".{suffix.lower()}" not in PICTURE_SUFFIXES:
        raise FileError(f"--suffix {ending} names no format that is written; choose {', '.join(PICTURE_SUFFIXES)}")
    return stem, f"{dot}{suffix}"


def _suffix(photo: Path) -> str:
    return ".png" if photo.suffix.lower() not in PICTURE_SUFFIXES else photo.suffix


def _place(folder: Path, stem: str) -> str:
    """What two names have in common where capitals make no difference, as on many disks."""
    return f"{folder.absolute()}/{stem}".casefold()


def _short_stem(stem: str, ending: str) -> str:
    """The stem, or its beginning and a hash where the names made of it would be too long."""
    room = MAX_NAME_BYTES - len(os.fsencode(ending)) - len(RECORD_SUFFIX) - SPARE_BYTES
    content = os.fsencode(stem)
    if len(content) <= room:
        return stem
    mark = f"~{hashlib.sha256(content).hexdigest()[:8]}"
    return content[: room - len(mark)].decode("utf-8", "ignore") + mark


def _entry(file: _Found, picture: Path) -> str:
    return file.place.with_name(picture.stem + RECORD_SUFFIX).as_posix()


def _find(inputs: Sequence[Path], out: Path | None) -> tuple[list[_Found], int]:
    """All photos, each once, and how many results of earlier runs were among them.

    One photo that is named alone is taken whatever it is.
    """
    found: dict[str, _Found] = {}
    left_out = 0
    for path in inputs:
        if not path.is_dir():
            if len(inputs) > 1 and is_result(path):
                left_out += 1
            else:
                found.setdefault(os.path.realpath(path), _Found(path, Path(path.name)))
            continue
        files = [file for file in walk(path, out) if file.suffix.lower() in PHOTO_SUFFIXES]
        photos = [file for file in files if not is_result(file)]
        if not photos:
            raise PhotoError(f"folder {path} holds no photo; give one with files such as .jpg or .png")
        left_out += len(files) - len(photos)
        above = path if len(inputs) == 1 else path.absolute().parent
        for file in photos:
            place = file.relative_to(above) if len(inputs) == 1 else file.absolute().relative_to(above)
            found.setdefault(os.path.realpath(file), _Found(file, place))
    if not found:
        raise PhotoError("all these pictures were written by riddle; name a photo")
    return list(found.values()), left_out


def is_result(path: Path) -> bool:
    """Whether riddle wrote a picture: it carries a mark or a record. Its name alone says nothing.

    What ``riddle rekey`` and earlier versions wrote has no mark, but a name and a record of that name.
    """
    if path.suffix.lower() not in PICTURE_SUFFIXES or not path.is_file():
        return False
    named = path.stem.endswith((ENCRYPTED, REKEYED)) and path.with_suffix(RECORD_SUFFIX).is_file()
    return named or read_mark(path) is not None or holds_record(path)


def walk(folder: Path, without: Path | None = None) -> Iterator[Path]:
    """The files of a folder and its folders in the order of their names; no hidden ones, and not those in ``without``.

    Raises:
        FileError: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise FileError(f"folder {error.filename} cannot be read ({error.strerror}); check its permissions")

    excluded = without.resolve() if without is not None and without.resolve() != folder.resolve() else None
    for here, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and Path(here, f).resolve() != excluded)
        yield from (Path(here, name) for name in sorted(files) if not name.startswith("."))


def _check_entries(tasks: Sequence[Task]) -> None:
    if len({task.entry for task in tasks}) < len(tasks):
        raise FileError("two photos would have records of one name in the archive; give -o FOLDER")
    for task in tasks:
        if not is_entry_name(task.entry):
            raise FileError(
                f"photo {task.photo} cannot have a record in an archive: its name or a folder's holds a colon, a "
                "backslash or a character that does not print, or is too long; rename it"
            )


def _check_names(tasks: Iterable[Task]) -> None:
    owners: dict[Path, Path] = {}
    for task in tasks:
        for output in (task.picture, task.record):
            if output is None:
                continue
            if len(os.fsencode(output.name)) > MAX_NAME_BYTES:
                raise FileError(
                    f"output {output} would have a name of more than {MAX_NAME_BYTES} bytes; rename the photo"
                )
            owner = owners.setdefault(output.absolute(), task.photo)
            if owner is task.photo and output is task.record and output.absolute() == task.picture.absolute():
                raise FileError(f"the picture and the record are both {output}; choose another with --record")
            if owner is not task.photo:
                raise FileError(
                    f"{owner} and {task.photo} would both be written to {output}; rename one, or encrypt them apart"
                )
