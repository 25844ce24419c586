"""Multi-process runs: SLURM, and clean failure of all processes when one of them fails."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
from pytorch_lightning.plugins.environments import SLURMEnvironment  # type: ignore[attr-defined]  # it does export it

from riddle_pl.errors import ConfigError, RiddleError

_GONE = re.compile(r"connection (closed|reset)|broken pipe|socket|remote process exited", re.IGNORECASE)
"""Errors of gloo and NCCL in the remaining processes when one ends."""


def slurm(requeue_signal: str = "SIGUSR1") -> SLURMEnvironment:
    """The tasks of a SLURM job; at the signal the run is saved and the job requeued, by Lightning's plug-in.

    Args:
        requeue_signal: that ``sbatch --signal`` sends before the job's time is over.

    Raises:
        ConfigError: no such signal, or the process is no task of a job.
    """
    if not hasattr(signal.Signals, requeue_signal):
        raise ConfigError(f"requeue_signal={requeue_signal}; expected a signal, such as SIGUSR1")
    if "SLURM_NTASKS" not in os.environ:
        raise ConfigError("trainer=slurm is for the tasks of a job: start it with srun, in a script for sbatch")
    return SLURMEnvironment(auto_requeue=True, requeue_signal=signal.Signals[requeue_signal])


@contextmanager
def stopping_together(trainer: pl.Trainer) -> Iterator[None]:
    """Around a fit: an exception in one process ends the others, without tracebacks about the lost connection.

    Raises:
        RiddleError: another process has ended; its own error says why.
    """
    try:
        yield
    except BaseException as error:
        kill = getattr(trainer.strategy.launcher, "kill", None)  # of processes that Lightning itself has started
        if kill is not None:
            kill(signal.SIGKILL)
        if isinstance(error, RuntimeError) and trainer.world_size > 1 and _GONE.search(str(error)):
            raise RiddleError("another process of this run has ended; its error says why") from error
        raise
