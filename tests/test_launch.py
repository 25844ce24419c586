"""If this fails, each process of a run has a folder of its own, or two runs share one."""

import threading

import pytest
import torch

from riddle_pl.launch import RUN, local_rank, one_run_name, rank, restarted

NAMES = (
    *("RANK", "LOCAL_RANK", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_STEP_ID", "SLURM_JOB_ID", "SLURM_JOB_NAME", RUN),
    *("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT", "TORCHELASTIC_RUN_ID"),
    *("TORCHELASTIC_RESTART_COUNT", "TORCHELASTIC_USE_AGENT_STORE", "MASTER_ADDR", "MASTER_PORT"),
)


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def name(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str | None:
    import os

    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    with one_run_name():
        found = os.environ.get(RUN)
    assert os.environ.get(RUN) == environment.get(RUN)
    return found


def test_one_process_has_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert name(monkeypatch) is None
    assert (rank(), local_rank(), restarted()) == (0, 0, False)


def test_a_step_of_srun_has_the_name_of_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    assert name(monkeypatch, SLURM_JOB_ID="71", SLURM_STEP_ID="0") == "slurm-71.0"
    assert name(monkeypatch, SLURM_JOB_ID="71", SLURM_STEP_ID="1") == "slurm-71.1"
    array = {"SLURM_ARRAY_JOB_ID": "70", "SLURM_ARRAY_TASK_ID": "4"}
    assert name(monkeypatch, SLURM_STEP_ID="0", **array) == "slurm-70_4.0"


def test_two_commands_of_a_job_without_srun_are_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert name(monkeypatch, SLURM_JOB_ID="71") is None
    assert name(monkeypatch, SLURM_JOB_ID="71", SLURM_STEP_ID="0", SLURM_JOB_NAME="interactive") is None


def test_a_name_that_is_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert name(monkeypatch, RIDDLE_RUN="mine", SLURM_JOB_ID="71", SLURM_STEP_ID="0") == "mine"


def test_the_processes_of_torchrun_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = torch.distributed.TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    place = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(agent.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    first = name(monkeypatch, TORCHELASTIC_RUN_ID="none", **place)
    assert first
    found: list[str | None] = []
    others = [threading.Thread(target=lambda: found.append(name(monkeypatch))) for _ in range(1)]
    for other in others:
        other.start()
        other.join()
    assert found == [first]


def test_without_the_agents_store_torchruns_own_name_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert name(monkeypatch, TORCHELASTIC_RUN_ID="none") is None
    assert name(monkeypatch, TORCHELASTIC_RUN_ID="job7") == "torchrun-job7"


def test_ranks_by_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert (rank(), local_rank()) == (1, 1)
    monkeypatch.setenv("RANK", "5")
    assert (rank(), local_rank()) == (5, 1)
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    assert restarted()
