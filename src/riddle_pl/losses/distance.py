"""A square root whose gradient is finite at zero, for L2 norms of differences that may vanish."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-8


def safe_sqrt(x: Float[Tensor, "*shape"], epsilon: float = EPSILON) -> Float[Tensor, "*shape"]:
    """sqrt(x + epsilon) - sqrt(epsilon) for x >= 0: zero at zero, with slope 1 / (2 sqrt(epsilon)) there.

    >>> x = torch.zeros(1, requires_grad=True)
    >>> safe_sqrt(x).backward()
    >>> x.grad.isfinite().all().item()
    True
    """
    return torch.sqrt(x + epsilon) - math.sqrt(epsilon)
