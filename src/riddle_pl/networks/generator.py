"""Interface of the generators: f(z) -> w and G(w) -> image."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FaceGenerator(nn.Module, ABC):
    """A style-based generator.

    Attributes:
        size: side of its images in pixels.
        style: the mapping network as a module.
        num_layers: n, layers of a W+ code.
        style_dim: width of z and w.
    """

    size: int
    num_layers: int
    style_dim: int
    style: nn.Module

    def mapping(self, z: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """f(z): noise to one W code per sample."""
        w: Tensor = self.style(z)
        return w

    @abstractmethod
    def forward(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b 3 h h"]:
        """Synthesis from W+ codes; about [-1, 1], not clamped.

        Raises:
            ValueError: ``w`` is for another number of layers.
        """

    def broadcast(self, w: Float[Tensor, "b d"]) -> Float[Tensor, "b n d"]:
        """The W+ code that repeats one W code over all layers."""
        return w[:, None].expand(-1, self.num_layers, -1)

    def mean_w(self, samples: int = 4096, seed: int = 0) -> Float[Tensor, "d"]:
        """Mean of :meth:`random_w`."""
        return self.random_w(samples, seed).mean(dim=0)

    @torch.no_grad()
    def random_w(self, samples: int, seed: int) -> Float[Tensor, "s d"]:
        """``samples`` random W codes; the global random state is not used."""
        z = torch.randn(samples, self.style_dim, generator=torch.Generator().manual_seed(seed))
        return self.mapping(z.to(next(self.parameters())))

    def accept(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """Checks the number of layers, and casts float64 codes to the type of the weights.

        Raises:
            ValueError: codes for another number of layers.
        """
        if w.shape[1] != self.num_layers:
            raise ValueError(
                f"w has {w.shape[1]} layers; this {self.size} px generator takes {self.num_layers} "
                f"({type(self).__name__})"
            )
        return w.to(next(self.parameters()).dtype) if w.dtype == torch.float64 else w
