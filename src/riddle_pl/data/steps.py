"""Batches that depend on seed and step only, so that resumed runs are reproducible."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, SequentialSampler
from torch.utils.data.distributed import DistributedSampler

Batch = dict[str, Tensor]
"""``w`` (b, n, 512); optional ``x`` (b, 3, H, H), the target; optional ``photo`` (b, 3, H, H), the source of ``w``; in
validation ``face`` (b,), the index of each face."""


def step_rng(seed: int, *place: str | int) -> torch.Generator:
    """A CPU generator keyed by a purpose, as in ``step_rng(seed, "latents", step, rank)``."""
    text = "/".join(str(part) for part in (seed, *place))
    state = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
    return torch.Generator().manual_seed(state)


class ResumableSampler(DistributedSampler[int], SequentialSampler):
    """Yields the numbers of the training steps of one epoch, from ``start`` on.

    The base classes only keep Lightning from replacing the sampler (all but ``DistributedSampler`` for several devices,
    all but ``SequentialSampler`` for ``overfit_batches``). The data sets divide a step among ranks themselves.

    Args:
        steps_per_epoch: number of steps; steps are numbered through all epochs.
    """

    def __init__(self, steps_per_epoch: int):
        super().__init__(range(steps_per_epoch), num_replicas=1, rank=0, shuffle=False)  # type: ignore[arg-type]  # only its length is used
        self.steps_per_epoch = steps_per_epoch
        self.start = 0

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.start + self.steps_per_epoch))

    def __len__(self) -> int:
        return self.steps_per_epoch

    def set_epoch(self, epoch: int) -> None:
        """Nothing to do: steps are numbered through all epochs."""


class StepLoader(DataLoader[Batch]):
    """Loads one batch per training step, with a stateful position.

    Under a trainer, the position is the trainer's count of finished batches, which is correct after an interruption
    within a step. The global random state is not used.

    Args:
        dataset: maps the number of a step to its batch.
        steps_per_epoch: length of one pass.
        steps_done: the trainer's count of finished batches; None: count the loaded batches.
        num_workers: processes that prepare batches; 0 suits latents, which are small.
    """

    def __init__(
        self,
        dataset: Dataset[Batch],
        steps_per_epoch: int,
        steps_done: Callable[[], int] | None = None,
        num_workers: int = 0,
    ):
        self.steps_done = steps_done
        self.handed_out = 0
        self.steps = ResumableSampler(steps_per_epoch)
        super().__init__(
            dataset,
            batch_size=None,
            sampler=self.steps,
            num_workers=num_workers,
            generator=torch.Generator(),
        )

    @property
    def position(self) -> int:
        """The number of the next step."""
        return self.handed_out if self.steps_done is None else self.steps_done()

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]  # a generator is all that is needed of the iterator
        self.steps.start = self.position
        for batch in super().__iter__():
            self.handed_out += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """The position, for a checkpoint."""
        return {"step": self.position}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continues at a saved position."""
        self.handed_out = int(state_dict["step"])


def fixed_loader(dataset: Dataset[Batch], batches: int, num_workers: int = 0) -> DataLoader[Batch]:
    """All batches in a fixed order, in every process; the global random state is not used."""
    sampler = ResumableSampler(batches)
    return DataLoader(dataset, batch_size=None, sampler=sampler, num_workers=num_workers, generator=torch.Generator())
