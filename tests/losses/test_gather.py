"""If this fails, training on several processes follows another gradient than training on one."""

from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from omegaconf import OmegaConf
from torch import Tensor

from riddle_pl.config import compose_jobs
from riddle_pl.losses import RiddleLoss, build_loss
from riddle_pl.losses.gather import of_all_processes
from tests.losses.fakes import gradients, make_codes, make_step

CONF = Path(__file__).resolve().parents[2] / "conf" / "loss"
BATCH = 4


def shipped() -> dict[str, dict[str, object]]:
    """Every loss and every term of ``conf/loss``, as it is composed; a term as a loss of its own."""
    losses: dict[str, dict[str, object]] = {}
    for name in sorted(path.stem for path in CONF.glob("*.yaml")):
        [cfg] = compose_jobs("train", [f"loss={name}"])
        plain = OmegaConf.to_container(cfg.loss, resolve=True)
        losses[name] = plain  # type: ignore[assignment]
    for term in sorted(path.stem for path in (CONF / "term").glob("*.yaml")):
        losses[term] = {term: OmegaConf.to_container(OmegaConf.load(CONF / "term" / f"{term}.yaml"))}
    return losses


def gradient(loss: RiddleLoss, rows: slice) -> list[Tensor]:
    step = make_step()
    total, _ = loss(step(*(code[rows] for code in make_codes(step, BATCH))))
    return gradients(step, total)


def averaged(rank: int, folder: str, losses: dict[str, dict[str, object]]) -> None:
    """What DDP makes of the gradients of two processes, each with half of the batch."""
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    found = {}
    for name, config in losses.items():
        half = gradient(build_loss(config), slice(rank * BATCH // 2, (rank + 1) * BATCH // 2))
        for value in half:
            torch.distributed.all_reduce(value)
        found[name] = [value / 2 for value in half]
    if rank == 0:
        torch.save(found, f"{folder}/found.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")
def test_two_processes_follow_the_gradient_of_the_whole_batch(tmp_path: Path) -> None:
    losses = shipped()
    assert {"default", "involutive", "involutive_distinct", "paper", "codes"} <= set(losses)
    mp.spawn(averaged, (str(tmp_path), losses), nprocs=2)
    found = torch.load(tmp_path / "found.pt", weights_only=True)
    assert set(found) == set(losses)
    for name, config in losses.items():
        whole = gradient(build_loss(config), slice(None))
        for one, both in zip(whole, found[name], strict=True):
            torch.testing.assert_close(both, one, rtol=1e-9, atol=1e-12, msg=lambda text, name=name: f"{name}: {text}")
        if name in ("distinction", "typical"):
            halves = [gradient(build_loss(config), slice(i * BATCH // 2, (i + 1) * BATCH // 2)) for i in (0, 1)]
            apart = [(a + b) / 2 for a, b in zip(*halves, strict=True)]
            assert not all(torch.allclose(a, b) for a, b in zip(apart, whole, strict=True)), name


def test_one_process_has_the_whole_batch() -> None:
    x = torch.randn(3, 2)
    assert of_all_processes(x) is x


def test_in_validation_which_every_process_does_in_full_nothing_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    def gathered(x: Tensor) -> Tensor:
        raise AssertionError("gathered")

    monkeypatch.setattr("riddle_pl.losses.term.of_all_processes", gathered)
    for name in ("distinction", "typical"):
        loss = build_loss({name: {"weight": 1.0}})
        step = make_step()
        loss.eval()(step(*make_codes(step)))
        with pytest.raises(AssertionError, match="gathered"):
            loss.train()(step(*make_codes(step)))
