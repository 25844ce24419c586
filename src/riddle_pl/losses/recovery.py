"""Recovery: the face decrypted with the right password has the original identity."""

from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import ORIGINAL, StepFeatures
from riddle_pl.losses.identity import cosine
from riddle_pl.losses.term import IdentityTerm


def recovery_loss(original: Float[Tensor, "b d"], recovered: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """1 - cos(R(x), R(x_dec)), without a margin, so that poor recoveries get a gradient too.

    (The authors' code clamps the cosine at the margin, so that the worst recoveries get no gradient.)

    >>> import torch
    >>> x, stranger = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> recovery_loss(x, x).item(), recovery_loss(x, stranger).item(), recovery_loss(x, -x).item()
    (0.0, 1.0, 2.0)
    """
    return (1 - cosine(original, recovered)).mean()


class RecoveryLoss(IdentityTerm):
    """:func:`recovery_loss` of a step."""

    image_names = (ORIGINAL, "x_dec")

    def __init__(self, weight: float = 1.0):
        super().__init__(weight)

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        return recovery_loss(self.embedding(step, ORIGINAL), self.embedding(step, "x_dec"))
