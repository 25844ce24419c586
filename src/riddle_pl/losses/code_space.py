"""Where the terms on codes compare them: around W's mean, with W's covariance softly whitened."""

from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.generator import FaceGenerator

SAMPLES = 8_000
"""Codes of random people by which W's mean and covariance are estimated."""

FLOOR = 0.3
"""Of the mean variance: what is added to the variance of each direction before it is divided by."""


class CodeSpace(nn.Module):
    """v = (w - mean) U (λ + 0.3 mean λ)^-½, where W has the covariance U diag(λ) Uᵀ.

    In W as it lies, a few directions have most of the variance, and the cosine of two codes says how alike they are in
    those alone. Whitened in full, the many that draw next to nothing would count as much. The floor keeps those small.

    Args:
        w: codes of random people, which the mean and the covariance are taken from.
    """

    mean: Tensor
    whitening: Tensor
    variance: Tensor
    """Of v over all components: half the mean squared distance of two random people."""

    def __init__(self, w: Float[Tensor, "m d"]):
        super().__init__()
        variances, directions = torch.linalg.eigh(torch.cov(w.double().T))
        floored = variances + FLOOR * variances.mean()
        # known from the generator, so no part of a checkpoint
        self.register_buffer("mean", w.mean(dim=0), persistent=False)
        self.register_buffer("whitening", (directions * floored.rsqrt()).to(w.dtype), persistent=False)
        self.register_buffer("variance", (variances / floored).mean().to(w.dtype), persistent=False)

    @classmethod
    def of(cls, generator: FaceGenerator, samples: int | None = None) -> Self:
        """The space of a generator's W, the same in every run."""
        return cls(generator.random_w(samples or SAMPLES, seed=0))

    def forward(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return (w - self.mean) @ self.whitening
