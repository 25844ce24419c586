"""Photos of a job, read in threads a little ahead of their use, in batches that fit into memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from jaxtyping import UInt8

from riddle_pl.errors import PhotoError
from riddle_pl.faces.load import load_image
from riddle_pl.photos.jobs.plan import Task

BATCH_PIXELS = 64_000_000
"""Photos of one batch have no more pixels together than this (or are one)."""

Photo = UInt8[np.ndarray, "h w 3"] | PhotoError
"""A photo, or why it cannot be read."""


def batches(
    tasks: Iterable[Task], pool: ThreadPoolExecutor, depth: int, batch_size: int
) -> Iterator[list[tuple[Task, Photo]]]:
    """The photos of the tasks, in order.

    Args:
        pool: reads them.
        depth: how many are read ahead.
        batch_size: most photos of a batch.
    """
    batch: list[tuple[Task, Photo]] = []
    total = 0
    for task, photo in _ahead(tasks, pool, depth):
        pixels = 0 if isinstance(photo, PhotoError) else photo.shape[0] * photo.shape[1]
        if batch and (len(batch) == batch_size or total + pixels > BATCH_PIXELS):
            yield batch
            batch, total = [], 0
        batch.append((task, photo))
        total += pixels
    if batch:
        yield batch


def _ahead(tasks: Iterable[Task], pool: ThreadPoolExecutor, depth: int) -> Iterator[tuple[Task, Photo]]:
    running: deque[Future[tuple[Task, Photo]]] = deque()
    for task in tasks:
        running.append(pool.submit(_read, task))
        if len(running) > depth:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def _read(task: Task) -> tuple[Task, Photo]:
    try:
        return task, load_image(task.photo)
    except PhotoError as error:
        return task, error
