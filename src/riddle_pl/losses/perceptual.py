"""L_LPIPS: perceptual distance of the generated images to the original."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.distance import safe_sqrt
from riddle_pl.losses.features import ORIGINAL, PRODUCED, Role, StepFeatures
from riddle_pl.losses.term import ImagesTerm


def perceptual_distance(
    original: Sequence[Float[Tensor, "b _ _ _"]], produced: Sequence[Float[Tensor, "b _ _ _"]]
) -> Float[Tensor, "b"]:
    """Σ over layers of the mean over positions of ‖F_p(x) - F_p(x*)‖₂², per sample.

    With features normalised and weighted as Zhang et al. (CVPR 2018) do, this is LPIPS.
    """
    layers = zip(original, produced, strict=True)
    return torch.stack([(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in layers]).sum(dim=0)


def perceptual_loss(
    original: Sequence[Float[Tensor, "b _ _ _"]], produced: Sequence[Float[Tensor, "b _ _ _"]], squared: bool = True
) -> Float[Tensor, ""]:
    """Batch mean of :func:`perceptual_distance`, or of its root when not ``squared``."""
    distance = perceptual_distance(original, produced)
    return (distance if squared else safe_sqrt(distance)).mean()


class PerceptualLoss(ImagesTerm):
    """Sum of :func:`perceptual_loss` over ``images``.

    Args:
        weight: λ_LPIPS.
        images: generated images to compare with the original.
        squared: LPIPS as it is defined and as the authors' code has it; False: the root in the paper's equation.
    """

    role: ClassVar[Role | None] = "perceptual"

    def __init__(self, weight: float = 1.0, images: Sequence[str] = PRODUCED, squared: bool = True):
        super().__init__(weight, images)
        self.squared = squared

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        original = step.perceptual(ORIGINAL)
        losses = [perceptual_loss(original, step.perceptual(name), self.squared) for name in self.images]
        return torch.stack(losses).sum()
