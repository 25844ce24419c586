"""``invert=refine``: the encoder's code after a few steps for this photo; what the photo pipeline does by default."""

from dataclasses import replace
from typing import ClassVar

from riddle_pl.inversion.optimise import OptimisedInversion, Settings


class RefinedInversion(OptimisedInversion):
    """A few large steps of :class:`OptimisedInversion` on pixel and identity loss, without perceptual features.

    The encoder's code preserves little identity. A few steps recover most of it; the hundred of ``invert=optimise``
    also fit hair, light and background.
    """

    name: ClassVar[str] = "refine"
    in_w_plus: ClassVar[Settings] = Settings(5, 0.07, pixel=2.0, features=0.0, identity=0.5, start=0.06)
    in_code_model: ClassVar[Settings] = Settings(12, 0.15, pixel=2.0, features=0.0, identity=1.0, prior=0.05, size=128)
    in_encryptor: ClassVar[Settings] = replace(in_code_model, steps=6, learning_rate=0.4, prior=0.4)
    in_small_encryptor: ClassVar[Settings] = replace(in_encryptor, steps=12, learning_rate=0.3)
