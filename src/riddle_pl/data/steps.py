"""Batches that depend on the seed and the step alone, so that a resumed run sees those of an uninterrupted one."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, SequentialSampler
from torch.utils.data.distributed import DistributedSampler

Batch = dict[str, Tensor]
"""``w`` (b, n, 512); optional ``x`` (b, 3, H, H), the target; optional ``photo`` (b, 3, H, H), what ``w`` came from; of
validation ``face`` (b,), the number of each face in the set."""


def step_rng(seed: int, *place: str | int) -> torch.Generator:
    """A CPU generator for one use of randomness, such as ``step_rng(seed, "latents", step, rank)``."""
    text = "/".join(str(part) for part in (seed, *place))
    state = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
    return torch.Generator().manual_seed(state)


class ResumableSampler(DistributedSampler[int], SequentialSampler):
    """Yields the numbers of the training steps of one epoch, from ``start`` on.

    Lightning replaces samplers that it does not know: for several devices all but a ``DistributedSampler``, for
    ``overfit_batches`` all but a ``SequentialSampler``. Hence the base classes, of which nothing else is used; the data
    sets here deal each rank its own part of a step themselves.

    Args:
        steps_per_epoch: how many steps one pass yields; steps are numbered through all epochs.
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
        """Nothing to do: the step's number says it all."""


class StepLoader(DataLoader[Batch]):
    """Loads one batch per training step and knows where it is: ``state_dict`` and ``load_state_dict`` carry the step.

    Under a trainer the position is the trainer's own count of finished batches, which is right even when a run was
    interrupted in the middle of a step. The process-wide random generator is not touched.

    Args:
        dataset: maps the number of a step to its batch.
        steps_per_epoch: length of one pass.
        steps_done: the trainer's count of finished batches; None: this loader counts what it has handed out.
        num_workers: processes that prepare batches; 0 is right for latents, which are small.
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
    """The same batches in the same order every time, in every process all of them; global randomness is not touched."""
    sampler = ResumableSampler(batches)
    return DataLoader(dataset, batch_size=None, sampler=sampler, num_workers=num_workers, generator=torch.Generator())
