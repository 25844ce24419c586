"""Residual StyleGAN2 discriminator (Karras et al., CVPR 2020), for the pack's generator recipe only."""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.lite_encoder import widths_of
from riddle_pl.networks.residual import EqualizedConv2d, ResidualTrunk
from riddle_pl.networks.stylegan2 import EqualizedLinear


class Discriminator(ResidualTrunk):
    """Real or generated: residual blocks down to 4x4, minibatch standard deviation, two linear layers.

    Args:
        size: image side in pixels.
        channels: feature maps per resolution, from ``size`` down to 4.
        group: images that share one minibatch standard deviation.
    """

    def __init__(self, size: int, channels: Mapping[int, int], group: int = 4):
        widths = widths_of(size, channels)
        super().__init__(widths)
        self.group = group
        self.final_conv = EqualizedConv2d(widths[-1] + 1, widths[-1], 3)
        self.final_linear = EqualizedLinear(widths[-1] * 16, widths[-1], activate=True)
        self.score = EqualizedLinear(widths[-1], 1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1"]:
        x = self.block_maps(x)[-1]
        x = self.final_conv(torch.cat([x, self._batch_deviation(x)], dim=1))
        score: Tensor = self.score(self.final_linear(x.flatten(1)))
        return score

    def _batch_deviation(self, x: Float[Tensor, "b c 4 4"]) -> Float[Tensor, "b 1 4 4"]:
        """One number per group of images: the mean standard deviation of its features."""
        batch, _, height, width = x.shape
        group = math.gcd(batch, self.group)
        grouped = x.float().reshape(group, batch // group, *x.shape[1:])
        deviation = (grouped.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
        return deviation.repeat(group)[:, None, None, None].expand(batch, 1, height, width).to(x.dtype)


class LatentDiscriminator(nn.Module):
    """Tells W codes from codes of real images (e4e, Tov et al., SIGGRAPH 2021), each layer's code on its own."""

    def __init__(self, dim: int = 512, hidden: int = 256):
        super().__init__()
        self.layers = nn.Sequential(
            EqualizedLinear(dim, hidden, activate=True),
            EqualizedLinear(hidden, hidden, activate=True),
            EqualizedLinear(hidden, 1),
        )

    def loss_real(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, ""]:
        """Low when ``w`` passes for W codes."""
        return F.softplus(-self.layers(w.flatten(0, 1)).float()).mean()

    def loss_drawn(self, w: Float[Tensor, "b n d"]) -> Float[Tensor, ""]:
        """Low when ``w`` passes for codes of real images."""
        return F.softplus(self.layers(w.flatten(0, 1)).float()).mean()
