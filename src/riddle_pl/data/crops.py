"""Prefetching of aligned faces, by a thread or by several processes."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.data.sources import ImageSource, sha256
from riddle_pl.errors import DataError, PhotoError

CHUNK = 8
"""Images per task."""
AHEAD = 4
"""Prefetched tasks per process."""


class Cropper(Protocol):
    """Decodes and aligns a face; implemented by :class:`riddle_pl.faces.crop.FaceCropper`."""

    @property
    def fingerprint(self) -> str:
        """Fingerprint of everything that a crop depends on besides the image."""
        ...

    def __call__(self, data: bytes, name: str, size: int) -> Float[Tensor, "1 3 size size"]:
        """The face in [-1, 1]; raises PhotoError for an unusable image."""
        ...


Crop = Callable[[Cropper, Sequence[tuple[bytes, str]], int], list[np.ndarray | str]]


@dataclass(frozen=True)
class Crops:
    """The aligned faces (1, 3, size, size) of images.

    Args:
        source: of the images.
        keys: of the images.
        cropper: finds and aligns the face.
        size: side of the faces in pixels.
        digests: expected sha256 by key; None: not checked.
    """

    source: ImageSource
    keys: Sequence[str]
    cropper: Cropper
    size: int
    digests: Mapping[str, str] | None = None

    def in_order(self, workers: int = 0) -> Iterator[Tensor | str]:
        """The faces, or the reasons why there is none, in the order of the keys.

        Args:
            workers: processes for detection and alignment, which are kept for further calls; 0: a thread.

        Raises:
            DataError: an image cannot be read or has changed; or a process was killed.
        """
        if workers:
            yield from self._tasks(_crop_elsewhere, _pool(workers), AHEAD * workers)
            return
        with ThreadPoolExecutor(1) as thread:
            yield from self._tasks(_crop, thread, AHEAD)

    def _tasks(self, crop: Crop, executor: Executor, ahead: int) -> Iterator[Tensor | str]:
        waiting: deque[Future[list[np.ndarray | str]]] = deque()
        try:
            for start in range(0, len(self.keys), CHUNK):
                pictures = [(self._read(key), key) for key in self.keys[start : start + CHUNK]]
                waiting.append(executor.submit(crop, self.cropper, pictures, self.size))
                if len(waiting) > ahead:
                    yield from _faces(waiting.popleft())
            while waiting:
                yield from _faces(waiting.popleft())
        except BrokenProcessPool:
            _pool.cache_clear()
            raise DataError(
                "a process that finds faces was killed, perhaps for its memory; use fewer workers"
            ) from None
        finally:
            for future in waiting:
                future.cancel()

    def _read(self, key: str) -> bytes:
        name = self.source.name
        try:
            data = self.source.read(key)
        except OSError as error:
            raise DataError(f"{key} in {name} cannot be read any more ({error}); start again") from error
        if self.digests is not None and sha256(data) != self.digests[key]:
            raise DataError(f"{key} in {name} changed while it was read; start again when it is complete")
        return data


def _faces(done: "Future[list[np.ndarray | str]]") -> Iterator[Tensor | str]:
    return (face if isinstance(face, str) else torch.from_numpy(face) for face in done.result())


_croppers: dict[str, Cropper] = {}
"""Per process, by fingerprint, so that networks are loaded once."""


def _crop(cropper: Cropper, pictures: Sequence[tuple[bytes, str]], size: int) -> list[np.ndarray | str]:
    found: list[np.ndarray | str] = []
    for data, key in pictures:
        try:
            found.append(cropper(data, key, size).numpy())
        except PhotoError as error:
            found.append(str(error))
    return found


def _crop_elsewhere(cropper: Cropper, pictures: Sequence[tuple[bytes, str]], size: int) -> list[np.ndarray | str]:
    return _crop(_croppers.setdefault(cropper.fingerprint, cropper), pictures, size)


@cache
def _pool(workers: int) -> ProcessPoolExecutor:
    # spawned, not forked: torch has started threads
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # handled by the parent process
    torch.set_num_threads(1)
