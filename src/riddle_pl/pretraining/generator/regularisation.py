"""Lazy regularisation (Karras et al., CVPR 2020, appendix B)."""

import math
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

SECOND_MOMENT = 0.99
"""Adam's, per step without a penalty."""


class LazyPenalty(nn.Module):
    """A penalty that is applied every few steps.

    Args:
        weight: of the penalty per step; 0 for none.
        every: interval in steps.
    """

    def __init__(self, weight: float, every: int):
        super().__init__()
        self.weight = weight
        self.every = every

    def due(self, step: int) -> bool:
        """Whether the penalty is taken in this step."""
        return self.weight > 0.0 and step % self.every == 0

    def optimizer(
        self, parameters: Iterable[nn.Parameter], learning_rate: float, momentum: float
    ) -> torch.optim.Optimizer:
        """Adam, its rate and betas scaled for the steps that the penalty adds."""
        ratio = self.every / (self.every + 1)
        return torch.optim.Adam(
            [p for p in parameters if p.requires_grad],
            lr=learning_rate * ratio,
            betas=(momentum, SECOND_MOMENT**ratio),
            fused=True,
        )


class R1Penalty(LazyPenalty):
    """R1 gradient penalty of the discriminator on real images (Mescheder et al., ICML 2018)."""

    def forward(self, score: Callable[[Tensor], Tensor], real: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        """Weighted mean over the images of half the squared gradient of ``score``."""
        real = real.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(score(real).sum(), real, create_graph=True)
        return self.every * 0.5 * self.weight * gradient.float().square().sum(dim=(1, 2, 3)).mean()


class PathLengthPenalty(LazyPenalty):
    """Path-length regularisation of the generator.

    The running mean starts at the first observed length instead of 0, so that a trained generator is not disturbed.
    """

    mean: Tensor

    def __init__(self, weight: float, every: int):
        super().__init__(weight, every)
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, draw: Callable[[Tensor], Tensor], w: Float[Tensor, "b n d"]) -> Float[Tensor, ""]:
        """Weighted mean of the squared difference of the lengths at ``w`` from their running mean."""
        w = w.detach().requires_grad_(True)
        image = draw(w).float()
        noise = torch.randn_like(image) / math.sqrt(image.shape[2] * image.shape[3])
        (gradient,) = torch.autograd.grad((image * noise).sum(), w, create_graph=True)
        lengths = gradient.float().square().sum(dim=2).mean(dim=1).sqrt()
        length = lengths.detach().mean()
        self.mean.copy_(torch.where(self.mean == 0, length, self.mean.lerp(length, 0.01)))
        return self.every * self.weight * (lengths - self.mean).square().mean()
