"""Random reflections of codes, as by an untrained involutive encryptor."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.encryptors.involutive import PlaneReflection

MEMORY = 0.02
"""Share of a step's codes in the running mean and covariance."""

REFIT_EVERY = 50


class RandomReflection(nn.Module):
    """Reflects codes in planes of their principal components, at random angles for every image.

    Mean and covariance are preserved, and all layers of an image use the same angles, as in an untrained
    ``InvolutiveEncryptor``. Training a generator on such codes makes encrypted faces realistic.

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
        """Updates running mean and covariance, and every 50 steps the principal components."""
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
        """Reflected codes."""
        password = torch.randn(len(w), w.shape[-1], device=w.device)
        with torch.autocast(w.device.type, enabled=False):
            v = (w.float() - self.mean) @ self.basis / self.scale
            a, b = self.reflection(v[..., 0::2], v[..., 1::2], password)
            turned: Tensor = torch.stack([a, b], dim=-1).flatten(-2) * self.scale @ self.basis.T + self.mean
        return turned
