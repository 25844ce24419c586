"""Ciphertext (beyond the paper): decryption with a wrong password must not return the encrypted face."""

from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.features import StepFeatures
from riddle_pl.losses.identity import push_apart
from riddle_pl.losses.term import MarginTerm


def ciphertext_loss(
    encrypted: Float[Tensor, "b d"],
    wrong1: Float[Tensor, "b d"],
    wrong2: Float[Tensor, "b d"],
    margin: float = 0.1,
    squared: bool = False,
) -> Float[Tensor, ""]:
    """Mean over both wrong decryptions of max(0, cos(R(x_enc), R(x_wrong)) - margin), squared or not.

    Without this term, an encryptor that returns the encrypted face for every wrong password has a low loss.
    """
    return push_apart([(encrypted, wrong1), (encrypted, wrong2)], margin, squared)


class CiphertextLoss(MarginTerm):
    """:func:`ciphertext_loss` of a step; both wrong decryptions are of the first encryption."""

    image_names = ("x_enc1", "x_wrong1", "x_wrong2")

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        encrypted, wrong1, wrong2 = (self.embedding(step, name) for name in self.image_names)
        return ciphertext_loss(encrypted, wrong1, wrong2, self.margin, self.squared)
