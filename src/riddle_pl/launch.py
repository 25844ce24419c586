"""Several processes of one command, started by torchrun, srun or Lightning: one name for their run, one voice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

RUN = "RIDDLE_RUN"
"""Environment variable that ``conf/hydra/train.yaml`` puts into the run's folder, in place of the time."""
_SECONDS = 60.0


def rank() -> int:
    """The number of this process among all of the command's; 0 where there is one."""
    return _number("RANK", "SLURM_PROCID", "LOCAL_RANK")


def world_size() -> int:
    """How many processes the command has."""
    return max(1, _number("WORLD_SIZE", "SLURM_NTASKS"))


def local_rank() -> int:
    """The number of this process among those of this machine."""
    return _number("LOCAL_RANK", "SLURM_LOCALID")


def restarted() -> bool:
    """Whether the launcher has started this command before: a requeued SLURM job, a restart of torchrun."""
    return _number("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT") > 0


@contextmanager
def one_run_name() -> Iterator[None]:
    """Inside, all processes of a command have one name for its run, and a requeued job the one that it had before."""
    before = os.environ.get(RUN)
    name = before or _slurm_step() or _agreed_by_torchrun()
    if name:
        os.environ[RUN] = name
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(RUN, None)


def _slurm_step() -> str | None:
    """Of a step that srun started; without srun a job's commands could not be told apart."""
    if "SLURM_STEP_ID" not in os.environ or os.environ.get("SLURM_JOB_NAME") in ("bash", "interactive"):
        return None
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    job = f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "0")
    return f"slurm-{job}.{os.environ['SLURM_STEP_ID']}"


def _agreed_by_torchrun() -> str | None:
    """The time of the process that asks first, through the store that torchrun's agent keeps for its processes."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    own = datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        given = os.environ["TORCHELASTIC_RUN_ID"]
        return None if given == "none" else f"torchrun-{given}"
    from datetime import timedelta

    import torch

    distributed: Any = torch.distributed  # its stub leaves the stores out

    place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
    store = distributed.TCPStore(*place, is_master=False, timeout=timedelta(seconds=_SECONDS))
    return str(store.compare_set("riddle_pl/run", "", own).decode())


def _number(*names: str) -> int:
    texts = (os.environ.get(name, "") for name in names)
    return next((int(text) for text in texts if text.isdigit()), 0)
