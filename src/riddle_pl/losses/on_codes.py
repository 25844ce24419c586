"""The identity terms on codes (beyond the paper): neither generator nor recogniser runs.

The codes themselves, layer by layer and partially whitened, take the place of embeddings: random codes are nearly
orthogonal there, as embeddings of different people are.
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
    """Compares each layer separately; a term averages over faces and layers."""

    role: ClassVar[Role | None] = None

    def embedding(self, step: StepFeatures, name: str) -> Float[Tensor, "rows d"]:
        return step.whitened(name).flatten(0, 1)


class DeidentificationOnCodes(OnCodes, DeidentificationLoss):
    """De-identification, by layer of the code."""


class RecoveryOnCodes(OnCodes, RecoveryLoss):
    """Recovery, by layer of the code."""


class WrongPasswordOnCodes(OnCodes, WrongPasswordLoss):
    """Wrong password, by layer of the code."""


class DiversityOnCodes(OnCodes, DiversityLoss):
    """Diversity, by layer of the code."""


class CiphertextOnCodes(OnCodes, CiphertextLoss):
    """Ciphertext, by layer of the code."""
