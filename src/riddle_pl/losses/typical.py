"""L_typical (beyond the paper): the variance of generated codes is at most that of the batch's originals."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import ORIGINAL, PRODUCED, StepFeatures
from riddle_pl.losses.term import ImagesTerm


def typical_loss(
    original: Float[Tensor, "b n d"],
    produced: Float[Tensor, "b n d"],
    batch: Float[Tensor, "nb n d"] | None = None,
) -> Float[Tensor, ""]:
    """Mean over ``produced`` of max(0, r(w*) / r - 1); 0 if all codes of the batch are equal.

    Args:
        original: codes of the faces.
        produced: generated codes of the same faces.
        batch: codes whose variance is the reference, such as those of all processes; ``original`` by default.

    r(w) is a code's mean squared distance from the mean code, and r that of the batch's originals. Images
    are most realistic near the mean code and degrade far from it. The term constrains the norm of a code and leaves its
    direction, and so the identity, free.

    >>> original = torch.tensor([[[1.0]], [[-1.0]]])
    >>> typical_loss(original, 2 * original).item()  # four times the variance of the originals
    3.0
    """
    batch = original if batch is None else batch
    mean = batch.mean(dim=(0, 1))
    reference_var = (batch - mean).square().mean()
    reference_var = torch.where(reference_var > 0, reference_var, torch.inf)  # one code alone has no variance
    var = (produced - mean).square().mean(dim=(1, 2))
    return F.relu(var / reference_var - 1.0).mean()


class TypicalLoss(ImagesTerm):
    """Sum of :func:`typical_loss` over ``images``; the reference are the originals of all processes.

    Args:
        weight: of the term.
        images: generated codes that are penalised.
        whitened: measure in :class:`~riddle_pl.losses.code_space.CodeSpace`, which includes directions of low variance.
    """

    smallest_batch = 2

    def __init__(self, weight: float = 1.0, images: Sequence[str] = PRODUCED, whitened: bool = False):
        super().__init__(weight, images)
        self.whitened = whitened

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        code = step.whitened if self.whitened else step.latent
        original = code(ORIGINAL)
        batch = self.together(original)
        return torch.stack([typical_loss(original, code(name), batch) for name in self.images]).sum()
