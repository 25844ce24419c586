"""Gu et al., "Password-conditioned Anonymization and Deanonymization with Face Identity Transformers", ECCV 2020."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.small_methods.unet import WIDTHS, ConditionalUNet

START = 0.1
"""Factor on the initial weights of the last convolution."""
RANGE = 2.0
"""From black to white."""


class FitSmall(nn.Module):
    """T(x, p): an image and a password of bits to an image. T(T(x, p), -p) is to be x.

    The network draws the change, which is nearly nothing at first: from random weights, encryptions that cannot be
    recovered come first, and the few steps of the recipe do not get beyond them.

    Args:
        bits: of a password; the paper has 16.
        widths: of the U-Net.

    Raises:
        ValueError: fewer than 1 bit, or more than a key has.
    """

    def __init__(self, bits: int = 16, widths: Sequence[int] = WIDTHS):
        super().__init__()
        if not 1 <= bits <= 256:
            raise ValueError(f"bits is {bits}; expected 1 to 256")
        self.bits = bits
        self.unet = ConditionalUNet(3 + bits, widths=widths)
        with torch.no_grad():
            self.unet.last.weight.mul_(START)
            self.unet.last.bias.zero_()  # type: ignore[union-attr]  # it has one

    def forward(self, x: Float[Tensor, "b 3 h h"], p: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 h h"]:
        """Image of about [-1, 1], not clamped, from such an image and bits of -1 and 1.

        The bits are repeated over all pixels, as in the paper.
        """
        maps = p[:, :, None, None].expand(-1, -1, *x.shape[2:]).to(x.dtype)
        change: Tensor = RANGE * self.unet(torch.cat([x, maps], dim=1))
        return x + change
