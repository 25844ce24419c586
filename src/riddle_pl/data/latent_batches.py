"""Batches of cached latents: shuffled by seed and epoch for training, in order for validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from riddle_pl.data.steps import Batch, step_rng


class CodeTable(Protocol):
    """Codes by row, and aligned photos if stored."""

    def __len__(self) -> int: ...

    def codes(self, rows: Sequence[int]) -> Float[Tensor, "b n d"]:
        """The codes of some rows."""
        ...

    def crops(self, rows: Sequence[int]) -> Float[Tensor, "b 3 h w"]:
        """Their photos in [-1, 1]."""
        ...


def spread_codes(table: CodeTable, count: int) -> Float[Tensor, "b n d"]:
    """About ``count`` codes, evenly spaced."""
    return table.codes(range(0, len(table), -(-len(table) // count)))


class ShuffledBatches(Dataset[Batch]):
    """Batches by step: all rows, shuffled by (seed, epoch) and divided among ranks."""

    def __init__(
        self,
        table: CodeTable,
        steps_per_epoch: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        with_target: bool = False,
    ):
        self.table = table
        self.steps_per_epoch = steps_per_epoch
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.with_target = with_target
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def rows(self, step: int) -> list[int]:
        """The rows of a step on this rank."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._order[0] != epoch:
            order = torch.randperm(len(self.table), generator=step_rng(self.seed, "order", epoch))
            self._order = (epoch, order)
        first = (place * self.world_size + self.rank) * self.batch_size
        rows: list[int] = self._order[1][first : first + self.batch_size].tolist()
        return rows

    def __getitem__(self, step: int) -> Batch:
        rows = self.rows(step)
        batch = {"w": self.table.codes(rows)}
        return batch | {"x": self.table.crops(rows)} if self.with_target else batch


@dataclass(frozen=True)
class MixedBatches(Dataset[Batch]):
    """Batches of photos' codes with the first ``count`` of each replaced by sampled ones, by (seed, step, rank)."""

    photos: Dataset[Batch]
    draw: Callable[[int, torch.Generator], Float[Tensor, "k n d"]]
    count: int
    seed: int
    rank: int = 0

    def __getitem__(self, step: int) -> Batch:
        w = self.photos[step]["w"]
        drawn = self.draw(self.count, step_rng(self.seed, "latents", step, self.rank))
        return {"w": torch.cat([drawn, w[self.count :]])}


@dataclass(frozen=True)
class OrderedBatches(Dataset[Batch]):
    """All rows in order; the last batch may be smaller."""

    table: CodeTable
    batch_size: int
    with_photo: bool
    with_target: bool

    def __len__(self) -> int:
        return -(-len(self.table) // self.batch_size)

    def __getitem__(self, index: int) -> Batch:
        rows = range(index * self.batch_size, min(len(self.table), (index + 1) * self.batch_size))
        batch = {"w": self.table.codes(rows), "face": torch.tensor(rows)}
        crops = self.table.crops(rows) if self.with_photo else None
        if crops is not None:
            batch["photo"] = crops
            if self.with_target:
                batch["x"] = crops
        return batch
