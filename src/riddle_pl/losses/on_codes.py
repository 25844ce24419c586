"""The identity terms on codes (beyond the paper): no picture is drawn, and no recogniser runs.

In the recogniser's place stand the codes themselves, layer by layer, in the space where W is centred and softly
whitened: two people of W are nearly orthogonal there, as their faces are to a recogniser.
"""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from riddle_pl.losses.ciphertext import CiphertextLoss
from riddle_pl.losses.deidentification import DeidentificationLoss
from riddle_pl.losses.diversity import DiversityLoss
from riddle_pl.losses.features import Role, StepFeatures
from riddle_pl.losses.recovery import RecoveryLoss
from riddle_pl.losses.term import IdentityTerm
from riddle_pl.losses.wrong_password import WrongPasswordLoss


class OnCodes(IdentityTerm):
    """Compares each layer of the codes by itself; what a term means over faces is then over faces and layers."""

    role: ClassVar[Role | None] = None

    def embedding(self, step: StepFeatures, name: str) -> Float[Tensor, "rows d"]:
        return step.whitened(name).flatten(0, 1)


class DeidentificationOnCodes(OnCodes, DeidentificationLoss):
    """No layer of an encrypted code is like the original's."""


class RecoveryOnCodes(OnCodes, RecoveryLoss):
    """Every layer of the recovered code points where the original's does."""


class WrongPasswordOnCodes(OnCodes, WrongPasswordLoss):
    """No layer of a wrongly decrypted code is like the original's or the recovered one's."""


class DiversityOnCodes(OnCodes, DiversityLoss):
    """Different passwords give different codes, in every layer."""


class CiphertextOnCodes(OnCodes, CiphertextLoss):
    """A wrong password does not return the encrypted code, nor a layer of it."""
