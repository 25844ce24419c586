"""``invert=refine``: the encoder's code after a few steps for this photo; what the photo pipeline does by default."""

from typing import ClassVar

from riddle_pl.inversion.optimise import OptimisedInversion
from riddle_pl.packs import Pack


class RefinedInversion(OptimisedInversion):
    """A few large steps of :class:`OptimisedInversion` towards the person, without perceptual features.

    An encoder of this size knows what sort of face it sees, and hardly whose. The first steps that a recogniser leads
    find most of that; the hundred of ``invert=optimise`` also find hair, light and background.

    Args:
        pack: generator, encoder and recogniser.
        device, steps, learning_rate, pixel, identity, start: see :class:`OptimisedInversion`.

    Raises:
        ConfigError: a value is out of range.
    """

    name: ClassVar[str] = "refine"
    roles: ClassVar[tuple[str, ...]] = ("generator", "encoder", "recogniser")

    def __init__(
        self,
        pack: Pack,
        device: str = "auto",
        steps: int = 5,
        learning_rate: float = 0.07,
        pixel: float = 2.0,
        identity: float = 0.5,
        start: float = 0.06,
    ):
        super().__init__(pack, device, steps, learning_rate, pixel, 0.0, identity, start)
