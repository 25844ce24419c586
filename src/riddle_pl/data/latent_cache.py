"""On-disk cache of inverted photos, addressed by content hash.

A cache folder belongs to one inversion with its networks and one alignment (by hash). It holds ``shard-*.safetensors``
(codes, and crops if wanted) and ``index.json`` (the position of each image, and unusable images with the reason). Both
are written atomically, shard first: an interrupted run loses one shard at most.
"""

import fcntl
import hashlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from riddle_pl.data.crops import Cropper, Crops
from riddle_pl.data.sources import ImageSource, file_stamp
from riddle_pl.errors import DataError, shown
from riddle_pl.files import atomic_write, read_json, require_inside, require_writable_dir, sha256_file, write_json
from riddle_pl.inversion import Inversion
from riddle_pl.process import track

CACHE_VERSION = 1
"""Version of the format; older caches are rebuilt."""

MAX_INDEX_BYTES = 1 << 30
"""Largest size of ``index.json``; an image takes 67 bytes."""
_SHARD = re.compile(r"shard-[0-9]{5,9}\.safetensors")

log = logging.getLogger(__name__)


class Item(NamedTuple):
    """One image of a data set: key and sha256 of its contents."""

    key: str
    sha256: str


@dataclass
class Index:
    """Contents of ``index.json``."""

    shards: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By shard file: ``sha256``, ``images`` (content hashes by row), and ``stamp`` (size and dates when the hash was
    last verified)."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Content hash: reason."""

    def places(self) -> dict[str, tuple[str, int]]:
        """Content hash: (shard file, row)."""
        return {image: (file, row) for file, shard in self.shards.items() for row, image in enumerate(shard["images"])}


class LatentCache:
    """Builds and reads one cache folder.

    Args:
        root: folder of all caches.
        inversion: finds the codes.
        cropper: finds and aligns the face.
        keep_crops: store the aligned photos (8 bit) beside the codes.
        shard_size: images per shard.
        batch_size: images per call of the inversion.
        workers: processes for detection and alignment; 0: a thread.
        recheck: hash every shard instead of trusting size and dates.
        quiet: no progress bar.

    Raises:
        PackError: the pack lacks a network that the inversion needs.
    """

    def __init__(
        self,
        root: Path,
        inversion: Inversion,
        cropper: Cropper,
        keep_crops: bool = False,
        shard_size: int = 256,
        batch_size: int = 32,
        workers: int = 0,
        recheck: bool = False,
        quiet: bool = False,
    ):
        self.inversion = inversion
        self.cropper = cropper
        self.keep_crops = keep_crops
        self.shard_size = shard_size
        self.batch_size = batch_size
        self.workers = workers
        self.recheck = recheck
        self.quiet = quiet
        parts = (CACHE_VERSION, inversion.fingerprint, cropper.fingerprint, keep_crops)
        self.fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        self.folder = Path(root) / f"{inversion.pack.name}-{self.fingerprint[:16]}"

    def build(self, source: ImageSource, items: Sequence[Item]) -> Index:
        """Inverts the missing images, under a lock.

        Raises:
            FileError: the folder cannot be written to.
            DeviceError: a GPU was asked for and there is none.
            PackError: a network of the inversion is missing or damaged.
            DataError: an image changed while it was read, or a code is not finite.
        """
        require_writable_dir(self.folder, "latent cache", create=True)
        with self._lock():
            for leftover in self.folder.glob(".*.tmp.*"):  # of interrupted processes
                leftover.unlink()
            index = self._checked(self.read_index())
            known = index.places().keys() | index.unusable.keys()
            todo = list({item.sha256: item for item in items if item.sha256 not in known}.values())
            if todo:
                log.info("latent cache %s: %d of %d images are to be inverted", self.folder, len(todo), len(items))
                self.inversion.prepare()
                shards = [todo[i : i + self.shard_size] for i in range(0, len(todo), self.shard_size)]
                self._fill(index, source, shards)
                self.inversion.release()
            return index

    def read_index(self) -> Index:
        """The index on disk; empty if missing or unreadable."""
        path = self.folder / "index.json"
        if not path.exists():
            return Index()
        try:
            data = read_json(path, MAX_INDEX_BYTES)
            if data["fingerprint"] != self.fingerprint:
                raise ValueError("it belongs to another cache")
            shards = {file: _shard(file, shard) for file, shard in data["shards"].items()}
            return Index(shards, {str(image): str(reason) for image, reason in data["unusable"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("latent cache index %s is damaged (%s); it is made anew", path, error)
            return Index()

    def _checked(self, index: Index) -> Index:
        """The index without missing or changed shards."""
        changed = False
        for file, shard in list(index.shards.items()):
            path = self.folder / file
            trusted = not self.recheck and path.is_file() and file_stamp(path) == shard["stamp"]
            if trusted:
                continue
            if not path.is_file() or sha256_file(path) != shard["sha256"]:
                log.warning("latent cache shard %s is missing or damaged; its images are inverted again", path)
                del index.shards[file]
            else:
                index.shards[file] = {**shard, "stamp": file_stamp(path)}
                changed = True
        if changed:
            self._write_index(index)
        return index

    def _fill(self, index: Index, source: ImageSource, shards: list[list[Item]]) -> None:
        todo = [item for items in shards for item in items]
        digests = {item.key: item.sha256 for item in todo}
        faces = Crops(source, list(digests), self.cropper, self.inversion.pack.size, digests)
        steps = track(faces.in_order(self.workers), len(todo), "aligning and inverting", self.quiet)
        for items in shards:
            crops: dict[str, Tensor] = {}
            for item in items:
                found = next(steps)
                if isinstance(found, str):
                    index.unusable[item.sha256] = found
                else:
                    crops[item.sha256] = found
            if crops:
                self._write_shard(index, crops)
            self._write_index(index)
        next(steps, None)  # completes the progress bar

    def _write_shard(self, index: Index, crops: dict[str, Tensor]) -> None:
        x = torch.cat(list(crops.values()))
        tensors = {"w": self._invert(x)}
        if self.keep_crops:
            tensors["photo"] = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        numbers = [int(file.removesuffix(".safetensors").removeprefix("shard-")) for file in index.shards]
        file = f"shard-{max(numbers, default=-1) + 1:05d}.safetensors"
        with atomic_write(self.folder / file, inside=self.folder) as temporary:
            save_file(tensors, temporary, metadata={"fingerprint": self.fingerprint})
        path = self.folder / file
        index.shards[file] = {"sha256": sha256_file(path), "images": list(crops), "stamp": file_stamp(path)}

    def _invert(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n d"]:
        w = torch.cat([self.inversion(part).float() for part in torch.split(x, self.batch_size)])
        if not torch.isfinite(w).all():
            raise DataError(f"invert={self.inversion.name} gave codes that are not finite; its networks are damaged")
        return w.contiguous()

    def _write_index(self, index: Index) -> None:
        data = {"fingerprint": self.fingerprint, "shards": index.shards, "unusable": index.unusable}
        write_json(self.folder / "index.json", data, indent=None, inside=self.folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        require_inside(self.folder / "lock", self.folder)
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # released when the process ends
            yield


def _shard(file: str, shard: Any) -> dict[str, Any]:
    """Validates an entry of the index, and that the file name stays in the folder."""
    if not _SHARD.fullmatch(file):
        raise ValueError(f"{shown(file)} is no shard's name")
    images = [str(image) for image in shard["images"]]
    return {"sha256": str(shard["sha256"]), "images": images, "stamp": str(shard.get("stamp", ""))}


class LatentTable:
    """Codes (and crops) of some images of a cache by row, read on demand.

    Args:
        cache: a built cache.
        images: content hashes, in row order.

    Raises:
        DataError: an image is not in the cache.
    """

    def __init__(self, cache: LatentCache, images: Sequence[str]):
        places = cache.read_index().places()
        if missing := sum(image not in places for image in images):
            raise DataError(f"latent cache {cache.folder} lacks {missing} of {len(images)} images; prepare it again")
        self.folder = cache.folder
        self.places = [places[image] for image in images]
        self._open: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.places)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": {}}  # opened again by worker processes

    def codes(self, rows: Sequence[int]) -> Float[Tensor, "b n d"]:
        """The codes of some rows."""
        return torch.stack([self._tensor(row, "w") for row in rows])

    def crops(self, rows: Sequence[int]) -> Float[Tensor, "b 3 h w"]:
        """The aligned photos of some rows, in [-1, 1]; only if the cache stores them."""
        return torch.stack([self._tensor(row, "photo") for row in rows]).float() / 127.5 - 1.0

    def _tensor(self, row: int, name: str) -> Tensor:
        from safetensors import safe_open

        file, place = self.places[row]
        try:
            if file not in self._open:
                self._open[file] = safe_open(self.folder / file, "pt")
            tensor: Tensor = self._open[file].get_slice(name)[place]
        except (OSError, SafetensorError, IndexError) as error:
            raise DataError(f"latent cache shard {self.folder / file} cannot be read ({error}); delete it") from error
        if tensor.ndim != (2 if name == "w" else 3):
            raise DataError(f"latent cache shard {self.folder / file} holds something else than codes; delete it")
        return tensor
