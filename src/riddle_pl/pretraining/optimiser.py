"""Optimisers of the recipes: Adam with a short warm-up to fine-tune a network, AdamW with one cycle to train one."""

from collections.abc import Iterable
from typing import Any

import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
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


def adamw_one_cycle(
    parameters: Iterable[Any], learning_rate: float, steps: int, weight_decay: float = 0.0
) -> OptimizerLRSchedulerConfig:
    """What ``configure_optimizers`` returns: the rate rises over a tenth of the run, then falls to zero.

    Args:
        parameters: to train, or groups of them.
        learning_rate: the highest.
        steps: of the run.
        weight_decay: of groups that have none of their own.
    """
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps + 1, pct_start=0.1)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
