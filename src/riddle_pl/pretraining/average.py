"""Moving average of a network's weights, which recipes export."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class Averaged(nn.Module, Generic[Network]):
    """Exponential moving average of a network's parameters; buffers are copied.

    Args:
        network: the network that is being trained.
        half_life: of a weight's influence, in images.
        ramp_up: the half-life never exceeds this share of the images seen so far.
    """

    module: Network
    images: Tensor

    def __init__(self, network: Network, half_life: float = 5_000.0, ramp_up: float = 0.05):
        super().__init__()
        self.module = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.ramp_up = ramp_up
        self.register_buffer("images", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def update(self, network: nn.Module, batch: int) -> None:
        """Moves towards ``network`` after a step on ``batch`` images."""
        self.images += batch
        half_life = max(min(self.half_life, float(self.images) * self.ramp_up), 1.0)
        keep = 0.5 ** (batch / half_life)
        averages: list[Tensor] = [*self.module.parameters()]
        current: list[Tensor] = [*network.parameters()]
        torch._foreach_lerp_(averages, current, 1.0 - keep)  # one launch on a GPU; private in name only
        for kept, now in zip(self.module.buffers(), network.buffers(), strict=True):
            kept.copy_(now)
