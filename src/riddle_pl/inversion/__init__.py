"""Ways from a photo to its code w: the pack's encoder, and the encoder's code refined for this one photo."""

from riddle_pl.inversion.encoder import EncoderInversion
from riddle_pl.inversion.inversion import Inversion
from riddle_pl.inversion.optimise import OptimisedInversion
from riddle_pl.inversion.refine import RefinedInversion

__all__ = ["EncoderInversion", "Inversion", "OptimisedInversion", "RefinedInversion"]
