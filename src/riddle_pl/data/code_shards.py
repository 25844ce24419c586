"""Codes of the images in tar archives, one file per archive, for several processes.

An archive is a WebDataset shard, or any other uncompressed tar with images. ``photos-0007.tar`` becomes
``photos-0007.codes.safetensors``: the codes ``w`` (m, n, 512), and as metadata the names of the images in order, the
reasons for skipped ones, and a fingerprint of what the codes depend on. Files are written atomically, so that a stopped
run continues with the archives that have none.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from riddle_pl.data.crops import Cropper, Crops
from riddle_pl.data.sources import TarSource
from riddle_pl.errors import DataError, one_line
from riddle_pl.files import atomic_write
from riddle_pl.inversion import Inversion

SUFFIX = ".codes.safetensors"


def fingerprint(inversion: Inversion, cropper: Cropper) -> str:
    """Fingerprint of what codes depend on besides the images."""
    parts = (inversion.fingerprint, cropper.fingerprint, inversion.pack.size)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def target_of(archive: Path, folder: Path) -> Path:
    """Path of the codes of an archive."""
    return folder / f"{archive.stem}{SUFFIX}"


def is_done(target: Path, expected: str) -> bool:
    """Whether the codes exist.

    Raises:
        DataError: they have another fingerprint, or the file is damaged.
    """
    if not target.exists():
        return False
    if read_about(target)["fingerprint"] != expected:
        raise DataError(
            f"{target} was made with another pack, inversion or alignment; give another folder, or --force to replace "
            "it"
        )
    return True


def invert_archive(
    archive: Path,
    target: Path,
    inversion: Inversion,
    cropper: Cropper,
    batch_size: int = 32,
    workers: int = 0,
    dtype: torch.dtype = torch.float32,
) -> tuple[int, dict[str, str]]:
    """Writes the codes of an archive's images.

    Args:
        archive: uncompressed tar.
        target: the file, replaced if it is there.
        inversion: finds the codes.
        cropper: finds and aligns the faces.
        batch_size: faces per call of the inversion.
        workers: processes for detection and alignment.
        dtype: of the codes in the file.

    Returns:
        The number of codes; and the images without one, with the reason.

    Raises:
        DataError: the archive is damaged, or a code is not finite.
        FileError: the file cannot be written.
    """
    source, pack = TarSource(archive), inversion.pack
    keys = source.list_keys()
    skipped: dict[str, str] = {}
    waiting: list[Tensor] = []
    codes: list[Tensor] = []

    def invert() -> None:
        if waiting:
            codes.append(inversion(torch.cat(waiting)).float())
            waiting.clear()

    for key, face in zip(keys, Crops(source, keys, cropper, pack.size).in_order(workers), strict=True):
        if isinstance(face, str):
            skipped[key] = face
            continue
        waiting.append(face)
        if len(waiting) == batch_size:
            invert()
    invert()
    w = torch.cat(codes) if codes else torch.empty(0, pack.num_layers, 512)
    if not torch.isfinite(w.to(dtype)).all():
        raise DataError(f"{inversion.name} gave codes of {archive} that are no finite numbers of {dtype}")
    about = {
        "fingerprint": fingerprint(inversion, cropper),
        "pack": pack.name,
        "generator": pack.fingerprint("generator"),
        "keys": json.dumps([key for key in keys if key not in skipped]),
        "skipped": json.dumps(skipped),
    }
    with atomic_write(target) as temporary:
        save_file({"w": w.to(dtype).contiguous()}, temporary, metadata=about)
    return len(w), skipped


def read_about(path: Path) -> dict[str, str]:
    """The metadata of a file of codes.

    Raises:
        DataError: another kind of file, or damaged.
    """
    about = open_codes(path).metadata() or {}
    if not {"fingerprint", "pack", "generator"} <= set(about):
        raise DataError(f"{path} is no file of `riddle invert`; give the folder that it wrote")
    return dict(about)


def open_codes(path: Path) -> Any:
    """A file of codes, memory-mapped.

    Raises:
        DataError: it cannot be opened.
    """
    try:
        return safe_open(path, "pt")
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} cannot be read as codes ({one_line(error)}); invert its archive again") from None


class ShardTable:
    """Codes of many files by row, memory-mapped on first use.

    Args:
        files: files of codes.
        starts: index of each file's first code, and the total number.
        numbers: indices of the codes in this table.
    """

    MOST_OPEN = 256

    def __init__(self, files: Sequence[Path], starts: Tensor, numbers: Tensor):
        self.files = files
        self.starts = starts
        self.numbers = numbers
        self._open: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": {}}  # opened again by worker processes

    def codes(self, rows: Sequence[int]) -> Float[Tensor, "b n d"]:
        """The codes of some rows, in float32."""
        numbers = self.numbers[torch.as_tensor(rows)]
        files = torch.searchsorted(self.starts, numbers, right=True) - 1
        places = numbers - self.starts[files]
        return torch.stack([self._file(int(f))[int(place)] for f, place in zip(files, places, strict=True)]).float()

    def crops(self, rows: Sequence[int]) -> Float[Tensor, "b 3 h w"]:
        """Not available: files of codes hold no photos.

        Raises:
            DataError: always.
        """
        raise DataError("files of codes hold no photos; use data=images for a data set with its photos")

    def _file(self, number: int) -> Any:
        if number not in self._open:
            if len(self._open) >= self.MOST_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[number] = open_codes(self.files[number]).get_slice("w")
        return self._open[number]
