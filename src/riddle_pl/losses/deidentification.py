"""De-identification: an encrypted face has another identity than the original."""

from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import ORIGINAL, StepFeatures
from riddle_pl.losses.identity import push_apart
from riddle_pl.losses.term import MarginTerm


def deidentification_loss(
    original: Float[Tensor, "b d"],
    encrypted1: Float[Tensor, "b d"],
    encrypted2: Float[Tensor, "b d"],
    margin: float = 0.1,
    squared: bool = False,
) -> Float[Tensor, ""]:
    """Mean over both encryptions of max(0, cos(R(x), R(x_enc)) - margin), squared or not.

    >>> import torch
    >>> x, stranger = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> deidentification_loss(x, x, stranger, margin=0.0).item()  # one of the two encryptions kept the identity
    0.5
    """
    return push_apart([(original, encrypted1), (original, encrypted2)], margin, squared)


class DeidentificationLoss(MarginTerm):
    """:func:`deidentification_loss` of a step."""

    image_names = (ORIGINAL, "x_enc1", "x_enc2")

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        original, encrypted1, encrypted2 = (self.embedding(step, name) for name in self.image_names)
        return deidentification_loss(original, encrypted1, encrypted2, self.margin, self.squared)
