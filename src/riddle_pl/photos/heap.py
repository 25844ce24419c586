"""Memory that stays flat over thousands of photos."""

import ctypes
import sys

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
