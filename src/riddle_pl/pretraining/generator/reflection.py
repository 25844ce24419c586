"""Codes of real people turned into codes of others, as the untrained involutive encryptor turns them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.encryptors.involutive import PlaneReflection

MEMORY = 0.02
"""Share of a step's codes in the running mean and covariance."""

REFIT_EVERY = 50


class RandomReflection(nn.Module):
    """Reflects codes in planes of their principal components, at angles drawn anew for every image.

    The distribution of the codes stays what it is as far as mean and covariance describe it, and every layer of one
    image turns alike: this is what ``InvolutiveEncryptor`` does with a random password before any training. A generator
    that learns to draw such codes is one whose encrypted faces look like faces.

    Args:
        dim: width of a code.
    """

    mean: Tensor
    covariance: Tensor
    basis: Tensor
    scale: Tensor
    seen: Tensor

    def __init__(self, dim: int = 512):
        super().__init__()
        self.reflection = PlaneReflection(dim).requires_grad_(False)
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("covariance", torch.eye(dim))
        self.register_buffer("basis", torch.eye(dim))
        self.register_buffer("scale", torch.ones(dim))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def update(self, w: Float[Tensor, "b n d"]) -> None:
        """Moves mean and covariance towards those of these codes; every 50 steps, the components follow."""
        codes = w.float().flatten(0, 1)
        memory = max(MEMORY, 1.0 / (int(self.seen) + 1))
        self.mean.lerp_(codes.mean(dim=0), memory)
        centred = codes - self.mean
        with torch.autocast(w.device.type, enabled=False):
            self.covariance.lerp_(centred.T @ centred / len(centred), memory)
        if int(self.seen) % REFIT_EVERY == 0:
            variances, vectors = torch.linalg.eigh(self.covariance.double())
            self.basis.copy_(vectors.flip(1))
            self.scale.copy_(variances.flip(0).clamp_min(variances.max() * 1e-6).sqrt())
        self.seen += 1

    def forward(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """Codes of as many other people."""
        password = torch.randn(len(w), w.shape[-1], device=w.device)
        with torch.autocast(w.device.type, enabled=False):
            v = (w.float() - self.mean) @ self.basis / self.scale
            a, b = self.reflection(v[..., 0::2], v[..., 1::2], password)
            turned: Tensor = torch.stack([a, b], dim=-1).flatten(-2) * self.scale @ self.basis.T + self.mean
        return turned
