"""Wrong password: what it yields is neither the original nor the recovered person."""

from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import ORIGINAL, StepFeatures
from riddle_pl.losses.identity import push_apart
from riddle_pl.losses.term import MarginTerm


def wrong_password_loss(
    original: Float[Tensor, "b d"],
    recovered: Float[Tensor, "b d"],
    wrong1: Float[Tensor, "b d"],
    wrong2: Float[Tensor, "b d"],
    margin: float = 0.1,
    squared: bool = False,
) -> Float[Tensor, ""]:
    """Mean over the four pairs (x or x_dec, either x_wrong) of max(0, cos - margin), squared or not.

    x_dec is detached: the wrong decryption moves away from the recovered face, never the recovered face from the truth.
    """
    fixed = recovered.detach()
    return push_apart([(original, wrong1), (original, wrong2), (fixed, wrong1), (fixed, wrong2)], margin, squared)


class WrongPasswordLoss(MarginTerm):
    """:func:`wrong_password_loss` of a step."""

    image_names = (ORIGINAL, "dec", "wrong1", "wrong2")

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        original, recovered, wrong1, wrong2 = map(step.embedding, self.image_names)
        return wrong_password_loss(original, recovered, wrong1, wrong2, self.margin, self.squared)
