"""The optimiser of the recipes that fine-tune a network: Adam with a short warm-up."""

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR

WARM_UP = 20
"""Steps over which the learning rate rises from a twentieth of its highest value."""


def adam_with_warm_up(
    network: nn.Module, learning_rate: float, steps: int
) -> tuple[list[torch.optim.Optimizer], list[LRScheduler]]:
    """What ``configure_optimizers`` returns: the rate changes in every step, and falls to zero by a cosine.

    Args:
        network: whose parameters are trained.
        learning_rate: the highest.
        steps: of the run.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=(0.9, 0.99), fused=True)
    rise = LinearLR(optimizer, 0.05, total_iters=WARM_UP)
    fall = CosineAnnealingLR(optimizer, max(1, steps - WARM_UP))
    schedule = SequentialLR(optimizer, [rise, fall], [WARM_UP])
    return [optimizer], [{"scheduler": schedule, "interval": "step"}]  # type: ignore[list-item]  # Lightning's form
