"""dlib's recogniser in several processes: it holds Python's lock, so threads would not run side by side."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.dlib_recogniser import DlibRecogniser

CHUNK = 8
"""Images per task."""

_recogniser: DlibRecogniser | None = None


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class DlibPool:
    """Embeds batches in ``workers`` processes, which start with the first batch and end with :meth:`close`.

    Args:
        workers: 1 embeds in this process.
    """

    def __init__(self, workers: int):
        self.workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._recogniser = DlibRecogniser()

    def embed(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 128"]:
        """See :meth:`DlibRecogniser.embed`; the same values for any number of workers."""
        if self.workers == 1 or len(x) <= CHUNK:
            return self._recogniser.embed(x)
        if self._executor is None:
            # not forked: a copy of a process in which PyTorch has started threads can hang
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self.workers, context, initializer=_start_worker)
        parts = [part.detach().float().cpu().numpy() for part in x.split(CHUNK)]
        return torch.from_numpy(np.concatenate(list(self._executor.map(_embed_part, parts))))

    def close(self) -> None:
        """Ends the processes."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


def _start_worker() -> None:
    global _recogniser
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which ends the workers
    torch.set_num_threads(1)
    _recogniser = DlibRecogniser()


def _embed_part(part: np.ndarray) -> np.ndarray:
    recogniser = _recogniser or DlibRecogniser()
    embeddings: np.ndarray = recogniser.embed(torch.from_numpy(part)).numpy()
    return embeddings
