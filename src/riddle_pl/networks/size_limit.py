"""Networks whose sizes come from a file of anyone: built only if they are no larger than a real one.

The sizes are tried out first, on torch's ``meta`` device, whose tensors have shapes and no memory.
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
    """The sizes that a network is to be built with are no real network's."""


class _FewCalls(TorchFunctionMode):
    """Ends the construction of a network with far too many parts; of this thread only."""

    def __init__(self) -> None:
        super().__init__()
        self.left = MAX_CALLS

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.left -= 1
        if self.left < 0:
            raise NetworkTooLargeError("the network would have far too many parts")
        return func(*args, **(kwargs or {}))


def build_within_limits(make: Callable[[], Network]) -> Network:
    """What ``make`` returns, which is called twice: without memory first, and not again if the network is too large.

    The random state is what one call of ``make`` leaves.

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
