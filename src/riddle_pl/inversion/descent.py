"""The optimiser of inversions: Adam for each face by itself."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def descend(
    start: Float[Tensor, "b k"], loss: Callable[[Tensor], Float[Tensor, "b"]], steps: int, learning_rate: float
) -> Float[Tensor, "b k"]:
    """Coordinates after some steps of Adam; the learning rate falls to zero by a cosine.

    Args:
        start: of each face.
        loss: of each face, given the coordinates.
        steps: at least 1.
        learning_rate: at the start.
    """
    v = start.detach().requires_grad_(True)
    optimizer = torch.optim.Adam([v], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        with torch.enable_grad():
            (v.grad,) = torch.autograd.grad(loss(v).sum(), v)  # summed, so that faces are independent
        optimizer.step()
        schedule.step()
    return v.detach()
