"""Optimisers by config, as functions with named arguments that the config check can validate."""

from collections.abc import Iterable, Sequence

import torch
from torch import nn
from torch.optim import Optimizer


def ranger(
    params: Iterable[nn.Parameter],
    lr: float = 5e-4,
    betas: Sequence[float] = (0.95, 0.999),
    weight_decay: float = 0.0,
    eps: float = 1e-5,
    alpha: float = 0.5,
    k: int = 6,
    gradient_centralisation: bool = True,
) -> Optimizer:
    """Ranger, the paper's optimiser: RAdam with Lookahead and gradient centralisation.

    Args:
        params: parameters to train.
        lr: learning rate.
        betas: decay of the two moment estimates.
        weight_decay: decoupled.
        eps: added to the denominator.
        alpha: Lookahead's step from the slow towards the fast weights.
        k: steps between two synchronisations of Lookahead.
        gradient_centralisation: subtract the mean from each weight matrix's gradient.

    Source: Wright, "Ranger", 2019, in the implementation of ``pytorch_optimizer``.
    """
    from pytorch_optimizer import Ranger  # slow import, needed by this optimiser only

    first, second = betas
    optimizer: Optimizer = Ranger(
        [p for p in params if p.requires_grad],
        lr=lr,
        betas=(first, second),
        weight_decay=weight_decay,
        eps=eps,
        alpha=alpha,
        k=k,
        use_gc=gradient_centralisation,
    )
    return optimizer


def adamw(
    params: Iterable[nn.Parameter],
    lr: float = 2e-4,
    betas: Sequence[float] = (0.9, 0.99),
    weight_decay: float = 0.01,
    eps: float = 1e-8,
) -> Optimizer:
    """AdamW (Loshchilov and Hutter, 2019)."""
    first, second = betas
    trainable = [p for p in params if p.requires_grad]
    return torch.optim.AdamW(trainable, lr=lr, betas=(first, second), weight_decay=weight_decay, eps=eps)
