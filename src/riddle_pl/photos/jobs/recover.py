"""Which records become which recovered pictures: settled before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from riddle_pl.errors import FileError, PhotoError
from riddle_pl.files import require_file
from riddle_pl.photos.jobs.outputs import check_picture, refuse_inputs
from riddle_pl.photos.jobs.plan import RECOVERED, means_folder
from riddle_pl.photos.jobs.sources import Source, find_records


@dataclass(frozen=True)
class Recovery:
    """One record to decrypt.

    Args:
        source: the record.
        picture: the photo to put the faces into; None: the faces alone.
        target: the picture to write.
    """

    source: Source
    picture: Path | None
    target: Path


def plan_recovery(
    inputs: Sequence[Path],
    out: Path | None = None,
    image: Path | None = None,
    alone: bool = False,
    force: bool = False,
) -> list[Recovery]:
    """Names the pictures that records give; a folder's structure is kept below ``out``.

    Args:
        inputs: records, pictures that hold one, archives, and folders of these.
        out: a picture, for one record; else a folder, which need not exist; beside the records by default.
        image: the picture of one record; the folder of an archive's pictures; found beside the record by default.
        alone: recover faces without their pictures.
        force: earlier results may be in the way.

    Raises:
        RecordError, PhotoError, FileError: an input or ``image`` is missing, an input is damaged or holds no record,
            two records have one output, or an output that is read, that exists (of one record) or cannot be written.
    """
    if image is not None and not image.is_dir():
        require_file(image, "--image", PhotoError)
    folder = image if image is not None and image.is_dir() else None
    sources = [source for path in inputs for source in find_records(path, folder)]
    one = len(sources) == 1 and not inputs[0].is_dir()
    if image is not None and folder is None and not one:
        raise FileError(f"--image {image} is one picture, for one record; for several give a folder, or none")
    if one and out is not None and not means_folder(out):
        targets = [check_picture(out, force)]
    else:
        targets = [_target(source, out) for source in sources]
        if one and targets[0].parent.is_dir():
            check_picture(targets[0], force)
    recoveries = []
    owners: dict[Path, Source] = {}
    for source, target in zip(sources, targets, strict=True):
        owner = owners.setdefault(target.absolute(), source)
        if owner is not source:
            raise FileError(f"{owner.place} and {source.place} would both be written to {target}; decrypt them apart")
        picture = image if image is not None and folder is None else source.picture
        recoveries.append(Recovery(source, None if alone else picture, target))
    pictures = [source.picture for source in sources if source.picture is not None]
    refuse_inputs(targets, [source.path for source in sources] + pictures + ([image] if image is not None else []))
    return recoveries


def nothing_left(plan: Sequence[Recovery], force: bool) -> bool:
    """Whether all pictures are there already, and are to stay."""
    return not force and all(item.target.exists() for item in plan)


def _target(source: Source, out: Path | None) -> Path:
    name = f"{source.stem}{RECOVERED}.png"
    if out is not None:
        return out / source.place.with_name(name)
    return (source.picture or source.path).with_name(name)
