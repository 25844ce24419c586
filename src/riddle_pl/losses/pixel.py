"""L_pix: L1 distance of the generated images to the original."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import ORIGINAL, PRODUCED, StepFeatures
from riddle_pl.losses.term import ImagesTerm


def pixel_loss(original: Float[Tensor, "b 3 h w"], produced: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """‖x - x*‖₁ as a mean over pixels, channels and samples; images in [-1, 1].

    >>> pixel_loss(torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)).item()
    0.5
    """
    return (original - produced).abs().mean()


class PixelLoss(ImagesTerm):
    """Sum of :func:`pixel_loss` over ``images``."""

    def __init__(self, weight: float = 0.05, images: Sequence[str] = PRODUCED):
        super().__init__(weight, images)

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        original = step.image(ORIGINAL)
        return torch.stack([pixel_loss(original, step.image(name)) for name in self.images]).sum()
