"""Gu et al., "Password-conditioned Anonymization and Deanonymization with Face Identity Transformers", ECCV 2020."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.small_methods.unet import WIDTHS, ConditionalUNet


class FitSmall(nn.Module):
    """T(x, p): an image and a password of bits to an image. T(T(x, p), -p) is to be x.

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

    def forward(self, x: Float[Tensor, "b 3 h h"], p: Float[Tensor, "b k"]) -> Float[Tensor, "b 3 h h"]:
        """Image in (-1, 1) from an image in [-1, 1] and bits of -1 and 1, repeated over all pixels as in the paper."""
        maps = p[:, :, None, None].expand(-1, -1, *x.shape[2:]).to(x.dtype)
        image: Tensor = self.unet(torch.cat([x, maps], dim=1))
        return image
