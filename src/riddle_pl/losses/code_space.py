"""The space in which loss terms compare codes: W centred at its mean and partially whitened."""

from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.generator import FaceGenerator

SAMPLES = 8_000
"""Random W codes from which mean and covariance are estimated."""

FLOOR = 0.3
"""Share of the mean variance that is added to each direction's variance before whitening."""


class CodeSpace(nn.Module):
    """v = (w - mean) U (λ + 0.3 mean λ)^-½, where W has the covariance U diag(λ) Uᵀ.

    Without whitening, the few directions with most of the variance dominate the cosine of two codes. With full
    whitening, the many directions that hardly change the image would count as much; the floor limits their weight.

    Args:
        w: random W codes from which the covariance is estimated, and the mean until ``centre`` is called.
    """

    mean: Tensor
    whitening: Tensor
    variance: Tensor
    """Mean variance of v: half the mean squared distance of two random codes."""

    def __init__(self, w: Float[Tensor, "m d"]):
        super().__init__()
        variances, directions = torch.linalg.eigh(torch.cov(w.double().T))
        floored = variances + FLOOR * variances.mean()
        # recomputed from the generator, so not part of a checkpoint
        self.register_buffer("mean", w.mean(dim=0), persistent=False)
        self.register_buffer("whitening", (directions * floored.rsqrt()).to(w.dtype), persistent=False)
        self.register_buffer("variance", (variances / floored).mean().to(w.dtype), persistent=False)

    @classmethod
    def of(cls, generator: FaceGenerator, samples: int | None = None) -> Self:
        """The space of a generator's W; deterministic."""
        return cls(generator.random_w(samples or SAMPLES, seed=0))

    @torch.no_grad()
    def centre(self, w: Float[Tensor, "m n d"]) -> None:
        """From now on the mean is that of each layer of these codes.

        Codes of photos share a shift away from W's mean. Around that, two strangers are alike, and most of what a
        recovery has to match is what all photos have in common.
        """
        self.mean = w.mean(dim=0).to(self.mean)

    def forward(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return (w - self.mean) @ self.whitening
