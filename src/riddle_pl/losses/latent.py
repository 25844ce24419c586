"""L_latent: the generated codes stay near the original code; on ``x_dec`` alone: they recover it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.distance import safe_sqrt
from riddle_pl.losses.features import ORIGINAL, PRODUCED, StepFeatures
from riddle_pl.losses.term import ImagesTerm


def latent_loss(
    original: Float[Tensor, "b n d"], produced: Float[Tensor, "b n d"], squared: bool = True
) -> Float[Tensor, ""]:
    """Mean squared difference of two codes; when not ``squared``, ‖w - w*‖₂ of each layer, averaged.

    >>> w, produced = torch.zeros(1, 2, 4), torch.ones(1, 2, 4)
    >>> latent_loss(w, produced).item(), round(latent_loss(w, produced, squared=False).item(), 3)
    (1.0, 2.0)
    """
    difference = (original - produced).square()
    return difference.mean() if squared else safe_sqrt(difference.sum(dim=2)).mean()


class LatentLoss(ImagesTerm):
    """Sum of :func:`latent_loss` over ``images``.

    Args:
        weight: λ_latent.
        images: generated codes to compare with the original.
        squared: mean squared difference; False: the norm in the paper's equation.
        whitened: compare in :class:`~riddle_pl.losses.code_space.CodeSpace`, so that one weight fits all packs.
    """

    def __init__(
        self,
        weight: float = 0.01,
        images: Sequence[str] = PRODUCED,
        squared: bool = True,
        whitened: bool = False,
    ):
        super().__init__(weight, images)
        self.squared = squared
        self.whitened = whitened

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        code = step.whitened if self.whitened else step.latent
        original = code(ORIGINAL)
        return torch.stack([latent_loss(original, code(name), self.squared) for name in self.images]).sum()
