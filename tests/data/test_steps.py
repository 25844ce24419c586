"""If this fails, a resumed training run sees other batches than one that was never stopped."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from riddle_pl.data.base import LatentDataModule
from riddle_pl.data.steps import Batch, StepLoader, step_rng
from riddle_pl.errors import DataError


class Numbers(Dataset[Batch]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, step: int) -> Batch:
        return {"w": torch.full((1, 1, 1), float(step))}


class NumberData(LatentDataModule):
    def train_batches(self, rank: int, world_size: int) -> tuple[Dataset[Batch], int]:
        return Numbers(), 5

    def val_batches(self) -> Dataset[Batch]:
        return Numbers()

    def codes(self, count: int) -> Tensor:
        return torch.zeros(count, 1, 1)


class Witness(pl.LightningModule):
    """Writes down the batches that it sees, and can stop in the middle of a step."""

    def __init__(self, fail_at: int | None = None) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.seen: list[int] = []
        self.fail_at = fail_at

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        step = int(batch["w"])
        if step == self.fail_at:
            raise KeyboardInterrupt
        self.seen.append(step)
        loss: Tensor = self.layer(batch["w"].view(1, 1) * 0.01).sum()
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        pass

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(module: Witness, steps: int, ckpt: Path | None = None, **options: Any) -> pl.Trainer:
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=steps,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, datamodule=NumberData(1, 0, 0), ckpt_path=ckpt)
    return trainer


@pytest.mark.parametrize("stop", [1, 4, 5, 7, 10])
def test_resuming_continues_with_the_next_step(tmp_path: Path, stop: int) -> None:
    whole = Witness()
    fit(whole, 13)
    assert whole.seen == list(range(13))
    first = Witness()
    fit(first, stop).save_checkpoint(tmp_path / "x.ckpt")
    second = Witness()
    fit(second, 13, tmp_path / "x.ckpt")
    assert first.seen + second.seen == whole.seen


def test_resuming_from_a_checkpoint_saved_within_training(tmp_path: Path) -> None:
    class Save(pl.Callback):
        def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
            trainer.save_checkpoint(tmp_path / f"{trainer.global_step}.ckpt")

    fit(Witness(), 11, callbacks=[Save()])
    for stop in range(1, 11):
        second = Witness()
        fit(second, 11, tmp_path / f"{stop}.ckpt")
        assert second.seen == list(range(stop, 11)), stop


def test_a_step_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    class SaveOnInterrupt(pl.Callback):
        def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
            trainer.save_checkpoint(tmp_path / "x.ckpt")

    first = Witness(fail_at=7)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(first, 12, callbacks=[SaveOnInterrupt()])
    assert first.seen == list(range(7))
    second = Witness()
    fit(second, 12, tmp_path / "x.ckpt")
    assert second.seen == list(range(7, 12))


def test_shortened_epochs_do_not_repeat_or_skip() -> None:
    module = Witness()
    fit(module, 9, limit_train_batches=2)
    assert module.seen == list(range(9))


def test_overfitting_sees_the_same_batches_in_every_epoch() -> None:
    module = Witness()
    fit(module, 6, overfit_batches=2)
    assert module.seen == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("workers", [0, 1])
def test_loader_alone_carries_its_position(workers: int) -> None:
    loader = StepLoader(Numbers(), 4, num_workers=workers)
    assert len(loader) == 4
    assert [int(batch["w"]) for batch in loader] == [0, 1, 2, 3]
    iterator = iter(loader)
    assert int(next(iterator)["w"]) == 4
    state = loader.state_dict()
    other = StepLoader(Numbers(), 4)
    other.load_state_dict(state)
    assert int(next(iter(other))["w"]) == 5


def test_global_randomness_is_not_touched() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(StepLoader(Numbers(), 3))
    list(NumberData(1, 0, 0).val_dataloader())
    assert torch.equal(torch.get_rng_state(), before)


def test_streams_differ_by_every_part_of_their_place() -> None:
    draws = {
        float(torch.rand(1, generator=step_rng(*place)))
        for place in [(0, "a", 1, 0), (0, "a", 0, 1), (0, "a", 11), (0, "b", 1, 0), (1, "a", 1, 0)]
    }
    assert len(draws) == 5


def test_batch_size_must_be_positive() -> None:
    with pytest.raises(DataError, match="batch_size=0"):
        NumberData(0, 0, 0)
