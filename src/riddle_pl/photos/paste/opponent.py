"""Colours as lightness and two tints, which light and skin change apart."""

import torch
from jaxtyping import Float
from torch import Tensor

OPPONENT = ((1 / 3, 1 / 3, 1 / 3), (1.0, 0.0, -1.0), (-0.5, 1.0, -0.5))
"""Lightness, red against blue, green against both."""


def to_opponent(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Lightness and tints of RGB images."""
    return torch.einsum("oc,bchw->bohw", torch.tensor(OPPONENT, dtype=x.dtype), x)


def from_opponent(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """The inverse of :func:`to_opponent`."""
    return torch.einsum("co,bohw->bchw", torch.linalg.inv(torch.tensor(OPPONENT, dtype=x.dtype)), x)
