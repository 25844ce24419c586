"""Perceptual features of the lite pack: the first blocks of its generator's discriminator.

They replace LPIPS in packs without an ImageNet trunk. The distance is called ``pack_features`` and is not comparable
with LPIPS.
"""

import copy
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.networks.residual import ResidualTrunk

LPIPS_OF_STRANGERS = 0.6
"""Approximate LPIPS between aligned faces of two people, for which the paper's weight of L_LPIPS was chosen."""


class PackFeatures(ResidualTrunk):
    """Images to feature maps at a half, a quarter, ... of their size.

    Each map is divided by its level's root mean squared norm (``fit_scale``), so that all levels have the same weight.

    Args:
        widths: channels at the image's size and after each block.
        strangers: mean distance between images of two people of this pack, see :func:`on_lpips_scale`; None: unknown.

    Raises:
        ValueError: ``strangers`` is not above 0.
    """

    scale: Tensor

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256), strangers: float | None = None):
        super().__init__(widths)
        if strangers is not None and not strangers > 0.0:
            raise ValueError(f"strangers is {strangers}; expected a distance above 0, or none")
        self.widths = tuple(widths)
        self.strangers = strangers
        self.register_buffer("scale", torch.ones(len(widths) - 1))

    @torch.no_grad()
    def fit_scale(self, x: Float[Tensor, "b 3 h w"]) -> None:
        """Sets each level's scale: the root mean squared norm of its features over these images."""
        lengths = [level.square().sum(dim=1).mean().sqrt() for level in self.block_maps(x)]
        self.scale.copy_(torch.stack(lengths))

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Images in [-1, 1], of any size that the blocks can halve."""
        return [level / length for level, length in zip(self.block_maps(x), self.scale, strict=True)]


def on_lpips_scale(network: nn.Module) -> nn.Module:
    """Perceptual features rescaled so that two people are ``LPIPS_OF_STRANGERS`` apart on average.

    Returns:
        A rescaled copy of features whose ``strangers`` is known; any other network as it is, LPIPS included.
    """
    if not isinstance(network, PackFeatures) or network.strangers is None:
        return network
    scaled = copy.deepcopy(network)
    scaled.scale.mul_((network.strangers / LPIPS_OF_STRANGERS) ** 0.5)
    return scaled
