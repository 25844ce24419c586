"""Pictures through several processes: detectors hold Python's lock, so threads would not run side by side."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np

CHUNK = 8
"""Pictures per task."""

MOST = 8
"""Processes at most, unless told otherwise: each holds networks of its own."""

Job = Callable[[np.ndarray], np.ndarray]
"""A function of a module, or a partial of one: pictures (b, h, w, 3) of uint8 to float32 rows (b, k)."""

_executors: dict[int, ProcessPoolExecutor] = {}
_users: dict[int, set[int]] = {}


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Runs jobs on batches of pictures; the same rows for any number of processes.

    The processes start with the first batch of more than a few pictures. All ``Workers`` of one count share them, and
    they end when the last one is closed.

    Args:
        count: processes; 1 runs jobs in this one, None: one per usable core, at most 8.
    """

    def __init__(self, count: int | None = None):
        self.count = count or min(usable_cores(), MOST)

    def run(self, job: Job, pictures: np.ndarray) -> np.ndarray:
        """The job's rows, in order."""
        if self.count == 1 or len(pictures) <= CHUNK:
            return job(pictures)
        parts = [pictures[i : i + CHUNK] for i in range(0, len(pictures), CHUNK)]
        return np.concatenate(list(self._executor().map(job, parts)))

    def close(self) -> None:
        """Ends the processes, if no one else uses them; the next batch starts new ones."""
        users = _users.get(self.count, set())
        users.discard(id(self))
        if not users and (executor := _executors.pop(self.count, None)) is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _executor(self) -> ProcessPoolExecutor:
        _users.setdefault(self.count, set()).add(id(self))
        if self.count not in _executors:
            # not forked: a copy of a process in which PyTorch has started threads can hang
            context = multiprocessing.get_context("spawn")
            _executors[self.count] = ProcessPoolExecutor(self.count, context, initializer=_start)
        return _executors[self.count]


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which ends the workers
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
