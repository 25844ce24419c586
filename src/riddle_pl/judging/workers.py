"""Process pools for detectors, which hold the GIL."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from riddle_pl.process import usable_cores

CHUNK = 8
"""Pictures per task."""

MOST = 8
"""Default limit on processes, since each loads networks."""

Job = Callable[[np.ndarray], np.ndarray]
"""A function of a module, or a partial of one: pictures (b, h, w, 3) of uint8 to float32 rows (b, k)."""

_executors: dict[int, ProcessPoolExecutor] = {}
_users: dict[int, set[int]] = {}


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
        """Ends the processes unless other ``Workers`` use them."""
        users = _users.get(self.count, set())
        users.discard(id(self))
        if not users and (executor := _executors.pop(self.count, None)) is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _executor(self) -> ProcessPoolExecutor:
        _users.setdefault(self.count, set()).add(id(self))
        if self.count not in _executors:
            # spawned: forking after PyTorch has started threads can deadlock
            context = multiprocessing.get_context("spawn")
            _executors[self.count] = ProcessPoolExecutor(self.count, context, initializer=_start)
        return _executors[self.count]


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # handled by the parent
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
