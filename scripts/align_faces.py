"""Aligns the largest face of each picture, and writes the crops into a tar archive: the form in which recipes, audits
and evaluations take faces (docs/data.md).

    python scripts/align_faces.py lfw-deepfunneled/ lfw_128.tar
    python scripts/align_faces.py photos.tar faces_256.tar --size 256 --workers 4

An aligned face is an FFHQ crop: upright, its side four times the distance of the eyes, or 3.6 times that of eyes and
mouth if that is more. Files keep their names below the folder; crops are JPEGs of quality 95. Pictures without a face
are named and left out; the exit status is 1 then.
"""

import argparse
import sys
from pathlib import Path, PurePosixPath

from riddle_pl.archives import new_archive
from riddle_pl.data.crops import Crops
from riddle_pl.data.sources import open_source
from riddle_pl.errors import DataError, FileError, RiddleError
from riddle_pl.faces.crop import FaceCropper
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.photos.jobs.outputs import picture_bytes
from riddle_pl.process import track


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder or tar archive of pictures")
    parser.add_argument("archive", type=Path, help="tar archive to write")
    parser.add_argument("--size", type=int, default=128, help="side of the crops in pixels (128)")
    parser.add_argument("--workers", type=int, default=0, help="processes (0: this one)")
    given = parser.parse_args()
    try:
        left_out = align(given.source, given.archive, given.size, given.workers)
    except RiddleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if left_out else 0


def align(root: Path, archive: Path, size: int = 128, workers: int = 0) -> list[str]:
    """Writes the aligned faces of a folder or archive; returns the names of the pictures that have none.

    Raises:
        DataError: nothing to read.
        FileError: the archive exists, or cannot be written.
    """
    if archive.exists():
        raise FileError(f"{archive} exists already and is left as it is; give another name")
    source = open_source(root)
    keys = source.list_keys()
    if not keys:
        raise DataError(f"{root} holds no picture; give a folder or a tar archive that does")
    names = {key: PurePosixPath(key).with_suffix(".jpg").as_posix() for key in keys}
    if len(set(names.values())) < len(keys):
        raise DataError(f"{root} has two pictures whose names differ in the suffix alone; rename one")
    left_out = []
    with new_archive(archive) as add:
        crops = Crops(source, keys, FaceCropper(), size).in_order(workers)
        for key, crop in zip(keys, track(crops, len(keys), "aligning", False), strict=True):
            if isinstance(crop, str):
                print(f"left out: {crop}", file=sys.stderr)
                left_out.append(key)
            else:
                add(names[key], picture_bytes(to_pixels(crop[0]), Path(names[key])))
    return left_out


if __name__ == "__main__":
    sys.exit(main())
