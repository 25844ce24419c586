"""Process-level helpers: progress on a terminal, usable cores, one heap for all threads."""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

SECONDS_PER_LINE = 10.0
"""Without a terminal, progress is told no more often."""


def track(
    items: Iterable[T],
    total: int,
    label: str,
    quiet: bool = False,
    name: Callable[[T], str] = lambda item: "",
    together: int = 1,
) -> Iterator[T]:
    """Yields the items and tells on stderr how many there were, the last one's name, and how long the rest will take.

    A bar on a terminal; a plain line now and then where there is none; nothing if ``quiet``.

    Args:
        name: what an item is called there; nothing by default.
        together: how many items are made at a time: with the first of them the others are done, too.
    """
    if quiet:
        yield from items
    elif sys.stderr.isatty():
        yield from _bar(items, total, label, name)
    else:
        yield from _lines(items, total, label, name, together)


def _bar(items: Iterable[T], total: int, label: str, name: Callable[[T], str]) -> Iterator[T]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[name]}"))
    with Progress(TextColumn("{task.description}"), *columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, name="")
        for item in items:
            bar.update(task, name=escape(name(item)))
            yield item
            bar.advance(task)


def _lines(items: Iterable[T], total: int, label: str, name: Callable[[T], str], together: int) -> Iterator[T]:
    start = told = time.monotonic()
    for count, item in enumerate(items, 1):
        now = time.monotonic()
        if now - told >= SECONDS_PER_LINE and count < total:
            made = min(-(-count // together) * together, total)
            told, left = now, (now - start) / made * (total - made)
            last = f" ({name(item)})" if name(item) else ""
            print(f"{label}: {count} of {total}{last}, about {_duration(left)} left", file=sys.stderr, flush=True)
        yield item


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
