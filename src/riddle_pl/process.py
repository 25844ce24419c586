"""Process-level helpers: progress on a terminal, usable cores, one heap for all threads."""

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], total: int, label: str, quiet: bool = False) -> Iterator[T]:
    """Yields the items; draws a bar on stderr where stderr is a terminal and ``quiet`` is false."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, description=label, total=total, console=Console(stderr=True), transient=True)


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_one_heap() -> None:
    """Lets all threads of this process allocate from one heap, where the C library is glibc; elsewhere does nothing.

    By default each thread that reads or writes photos gets a heap of its own, and their large arrays break it into
    pieces that are never given back: over 1000 photos of a megapixel the process grew from 1454 to 1592 MiB, and with
    one heap from 1136 to 1197 (``make bench-photos``). To be called before those threads are started.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
