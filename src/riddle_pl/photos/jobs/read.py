"""Photos of a job, read in threads a little ahead of their use, in batches that fit into memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from riddle_pl.errors import PhotoError
from riddle_pl.faces.load import load_image
from riddle_pl.photos.jobs.plan import Task

BATCH_PIXELS = 64_000_000
"""Photos of one batch have no more pixels together than this (or are one)."""

Photo = UInt8[np.ndarray, "h w 3"] | PhotoError
"""A photo, or why it cannot be read."""
Loader = Callable[[Task], UInt8[np.ndarray, "h w 3"]]


def fit(photo: UInt8[np.ndarray, "h w 3"], max_size: int | None) -> UInt8[np.ndarray, "h2 w2 3"]:
    """The photo, made smaller where its longer side has more than ``max_size`` pixels (None: any size)."""
    height, width, _ = photo.shape
    longer = max(height, width)
    if max_size is None or longer <= max_size:
        return photo
    size = tuple(max(1, round(side * max_size / longer)) for side in (width, height))
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS))


def load_file(task: Task) -> UInt8[np.ndarray, "h w 3"]:
    """A task's photo from its file.

    Raises:
        PhotoError: it cannot be read.
    """
    return load_image(task.photo)


def batches(
    tasks: Iterable[Task],
    pool: ThreadPoolExecutor,
    depth: int,
    batch_size: int,
    max_size: int | None = None,
    load: Loader = load_file,
) -> Iterator[list[tuple[Task, Photo]]]:
    """The photos of the tasks, in order.

    Args:
        pool: reads them.
        depth: how many are read ahead.
        batch_size: most photos of a batch.
        max_size: see :func:`fit`.
        load: reads a photo.
    """
    batch: list[tuple[Task, Photo]] = []
    total = 0
    for task, photo in _ahead(tasks, pool, depth, max_size, load):
        pixels = 0 if isinstance(photo, PhotoError) else photo.shape[0] * photo.shape[1]
        if batch and (len(batch) == batch_size or total + pixels > BATCH_PIXELS):
            yield batch
            batch, total = [], 0
        batch.append((task, photo))
        total += pixels
    if batch:
        yield batch


def _ahead(
    tasks: Iterable[Task], pool: ThreadPoolExecutor, depth: int, max_size: int | None, load: Loader
) -> Iterator[tuple[Task, Photo]]:
    running: deque[Future[tuple[Task, Photo]]] = deque()
    for task in tasks:
        running.append(pool.submit(_read, task, max_size, load))
        if len(running) > depth:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def _read(task: Task, max_size: int | None, load: Loader) -> tuple[Task, Photo]:
    try:
        return task, fit(load(task), max_size)
    except PhotoError as error:
        return task, error
