"""Wrong password: the decrypted face is neither the original nor the recovered person."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.losses.features import ORIGINAL, StepFeatures
from riddle_pl.losses.identity import push_apart
from riddle_pl.losses.term import MarginTerm

FACES = (ORIGINAL, "x_dec")
"""The person who was encrypted: as photographed, and as recovered."""


def wrong_password_loss(
    faces: Sequence[Float[Tensor, "b d"]],
    wrong: Sequence[Float[Tensor, "b d"]],
    margin: float = 0.1,
    squared: bool = False,
) -> Float[Tensor, ""]:
    """Mean over the pairs (x or x_dec, either x_wrong) of max(0, cos - margin), squared or not.

    The faces are detached, so that only the wrong decryption is moved, not the recovered face.
    """
    return push_apart([(face.detach(), other) for face in faces for other in wrong], margin, squared)


class WrongPasswordLoss(MarginTerm):
    """:func:`wrong_password_loss` of a step.

    Args:
        weight, margin, squared: as of every margin term.
        faces: ``x``, ``x_dec`` or both. For an involutive T, x_dec equals x, so ``x`` is enough.

    Raises:
        ConfigError: other names, or none.
    """

    def __init__(self, weight: float = 1.0, margin: float = 0.1, squared: bool = False, faces: Sequence[str] = FACES):
        super().__init__(weight, margin, squared)
        if not faces or len(set(faces)) < len(faces) or not set(faces) <= set(FACES):
            raise ConfigError(f"faces={list(faces)} in WrongPasswordLoss; expected [x], [x_dec] or [x, x_dec]")
        self.faces = tuple(faces)
        self.image_names = (*self.faces, "x_wrong1", "x_wrong2")

    def forward(self, step: StepFeatures) -> Float[Tensor, ""]:
        *faces, wrong1, wrong2 = (self.embedding(step, name) for name in self.image_names)
        return wrong_password_loss(faces, (wrong1, wrong2), self.margin, self.squared)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, faces={list(self.faces)}"
