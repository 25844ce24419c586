"""Diversity: different passwords give different identities, in encryption and in wrong decryption."""

from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import StepFeatures
from riddle_pl.losses.identity import push_apart
from riddle_pl.losses.term import MarginTerm


def diversity_loss(
    encrypted1: Float[Tensor, "b d"],
    encrypted2: Float[Tensor, "b d"],
    wrong1: Float[Tensor, "b d"],
    wrong2: Float[Tensor, "b d"],
    margin: float = 0.1,
    squared: bool = False,
) -> Float[Tensor, ""]:
    """Mean of max(0, cos - margin), squared or not, over (x_enc1, x_enc2) and (x_wrong1, x_wrong2) of each face.

    >>> import torch
    >>> a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> diversity_loss(a, a, a, b, margin=0.0).item()  # one identity from two passwords; two from wrong ones
    0.5
    """
    return push_apart([(encrypted1, encrypted2), (wrong1, wrong2)], margin, squared)


class DiversityLoss(MarginTerm):
    """:func:`diversity_loss` of a step."""

    image_names = ("x_enc1", "x_enc2", "x_wrong1", "x_wrong2")

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        encrypted1, encrypted2, wrong1, wrong2 = (self.embedding(step, name) for name in self.image_names)
        return diversity_loss(encrypted1, encrypted2, wrong1, wrong2, self.margin, self.squared)
