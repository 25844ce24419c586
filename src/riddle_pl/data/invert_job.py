"""``riddle invert`` for one archive: the unit of work of a process or a Spark task."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from riddle_pl.data.code_shards import fingerprint, invert_archive, is_done, target_of
from riddle_pl.errors import DataError, one_line
from riddle_pl.faces.crop import FaceCropper
from riddle_pl.inversion import EncoderInversion, Inversion, OptimisedInversion, RefinedInversion
from riddle_pl.packs import load_pack

WAYS = {"encoder": EncoderInversion, "refine": RefinedInversion, "optimise": OptimisedInversion}


@dataclass(frozen=True)
class InvertJob:
    """Settings of an inversion as plain values, which can be sent to another machine.

    Args:
        out: folder of the codes.
        pack, pack_size: see :func:`riddle_pl.packs.load_pack`.
        inversion: one of :data:`riddle_pl.photos.choices.INVERSIONS`.
        aligned: the images are square FFHQ-style crops.
        half: store the codes as float16.
        device: auto, cpu, cuda or cuda:N; of several GPUs, ``auto`` and ``cuda`` take the process's own.
        batch_size: faces inverted together.
        workers: processes for detection and alignment.
    """

    out: str
    pack: str = "lite"
    pack_size: int | None = None
    inversion: str = "encoder"
    aligned: bool = False
    half: bool = False
    device: str = "auto"
    batch_size: int = 32
    workers: int = 0


@dataclass(frozen=True)
class Done:
    """Result for an archive: number of codes, number of skipped images, or the error."""

    archive: str
    codes: int = 0
    skipped: int = 0
    error: str | None = None


@lru_cache(maxsize=1)
def tools(job: InvertJob) -> tuple[Inversion, FaceCropper]:
    """The inversion and the cropper of a job, loaded once per process.

    Raises:
        RiddleError: pack or device is missing or incomplete.
    """
    inversion = WAYS[job.inversion](load_pack(job.pack, job.pack_size), job.device)
    inversion.check()
    return inversion, FaceCropper(job.aligned)


def not_done(job: InvertJob, archives: Sequence[Path], force: bool = False) -> list[Path]:
    """The archives without codes.

    Raises:
        DataError: there are codes with another fingerprint.
    """
    expected = fingerprint(*tools(job))
    return [archive for archive in archives if force or not is_done(target_of(archive, Path(job.out)), expected)]


def invert_one(job: InvertJob, archive: str) -> Done:
    """Inverts an archive; a damaged one is reported in the result.

    Raises:
        FileError: the codes cannot be written.
    """
    inversion, cropper = tools(job)
    path, dtype = Path(archive), torch.float16 if job.half else torch.float32
    target = target_of(path, Path(job.out))
    try:
        codes, skipped = invert_archive(path, target, inversion, cropper, job.batch_size, job.workers, dtype)
    except DataError as error:
        return Done(archive, error=one_line(error))
    return Done(archive, codes, len(skipped))
