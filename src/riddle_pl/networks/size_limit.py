"""Limits on networks whose sizes come from an untrusted file.

The network is first built on torch's ``meta`` device, which allocates no memory.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

MAX_WEIGHTS = 1 << 29
"""Numbers in a network, 2 GiB as float32: the largest public one, the e4e encoder of 18 layers, has 268 million."""
MAX_CALLS = 10_000
"""Calls of torch that building a network may take; that encoder takes 3,000."""

Network = TypeVar("Network", bound=nn.Module)


class NetworkTooLargeError(ValueError):
    """The network would be larger than any real one."""


class _FewCalls(TorchFunctionMode):
    """Aborts the construction of a network with too many modules; affects this thread only."""

    def __init__(self) -> None:
        super().__init__()
        self.left = MAX_CALLS

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.left -= 1
        if self.left < 0:
            raise NetworkTooLargeError("the network would have far too many parts")
        return func(*args, **(kwargs or {}))


def build_within_limits(make: Callable[[], Network]) -> Network:
    """Calls ``make`` on the ``meta`` device, and again on the real one if the network is not too large.

    The random state advances as by one call of ``make``.

    Raises:
        NetworkTooLargeError: more than :data:`MAX_WEIGHTS` numbers, or :data:`MAX_CALLS` calls.
    """
    try:
        with torch.device("meta"), _FewCalls():
            trial = make()
    except RuntimeError as error:  # sizes that overflow, before anything could be counted
        raise NetworkTooLargeError(f"the network cannot have these sizes ({str(error).splitlines()[0]})") from error
    count = sum(tensor.numel() for tensor in (*trial.parameters(), *trial.buffers()))
    if count > MAX_WEIGHTS:
        raise NetworkTooLargeError(f"the network would have {count:,} weights; at most {MAX_WEIGHTS:,} are built")
    return make()
