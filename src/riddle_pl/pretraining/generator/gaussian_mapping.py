"""A fixed mapping network with Gaussian W, in StyleGAN2's eight layers.

Every layer ends in a leaky ReLU, which is linear where its input is positive. A bias of :data:`REACH` standard
deviations keeps all inputs positive, so that the chain is f(z) = mean + z / rms(z). A variational encoder beside
the generator then has the prior that the KL divergence knows, and what T does to a code (it keeps mean and covariance)
stays inside the prior.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.networks.lite_encoder import LiteEncoder
from riddle_pl.networks.stylegan2 import LEAKY_GAIN, EqualizedLinear, Generator, ModulatedConv2d

REACH = 6.0
"""Mean of W in every coordinate, in standard deviations; f is linear for z above its negative."""

FLOOR = 1e-3
"""Smallest variance that is brought to 1, as a share of the largest."""


@torch.no_grad()
def set_gaussian_mapping(generator: Generator) -> None:
    """Sets the mapping network so that W has mean :data:`REACH` and variance 1 in every coordinate, and freezes it."""
    layers = [layer for layer in generator.style if isinstance(layer, EqualizedLinear)]
    for index, layer in enumerate(layers):
        first, last = index == 0, index == len(layers) - 1
        factor = (1.0 if first else 1.0 / LEAKY_GAIN) * (1.0 / LEAKY_GAIN if last else 1.0)
        layer.weight.copy_(torch.eye(*layer.weight.shape) * factor / layer.scale)
        layer.bias.fill_(REACH / layer.lr_mul if first else 0.0)
    generator.style.requires_grad_(False)


@dataclass(frozen=True)
class Whitening:
    """The change of codes ``matrix (w - mean) + REACH``, after which they have W's mean and covariance."""

    mean: Float[Tensor, "d"]
    matrix: Float[Tensor, "d d"]
    inverse: Float[Tensor, "d d"]

    @staticmethod
    @torch.no_grad()
    def of(w: Float[Tensor, "m d"]) -> "Whitening":
        """From an encoder's codes of many images, all layers."""
        variances, vectors = torch.linalg.eigh(torch.cov(w.double().T))
        scale = variances.clamp_min(FLOOR * variances.max()).sqrt()
        return Whitening(w.mean(dim=0), (vectors / scale).T.to(w), (vectors * scale).to(w))

    @torch.no_grad()
    def apply(self, generator: Generator, encoder: LiteEncoder) -> None:
        """Changes both networks in place without changing reconstructions. The mapping is left as it is."""
        for module in generator.modules():
            if isinstance(module, ModulatedConv2d):
                affine = module.modulation
                moved = affine.scale * affine.weight @ (self.mean - REACH * self.inverse.sum(dim=1))
                affine.bias.add_(moved / affine.lr_mul)
                affine.weight.copy_(affine.weight @ self.inverse)
        for head in (encoder.base, encoder.coarse, encoder.middle, encoder.fine):
            for write in head.write:
                for parameter in write.parameters():  # weight and bias
                    parameter.copy_(self.matrix @ parameter)
        encoder.w_mean.copy_(self.matrix @ (encoder.w_mean - self.mean) + REACH)
