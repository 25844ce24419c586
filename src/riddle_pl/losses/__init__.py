"""The terms of L_total, one file each, and their weighted sum."""

from riddle_pl.losses.features import ORIGINAL, PRODUCED, StepFeatures
from riddle_pl.losses.term import LossTerm
from riddle_pl.losses.total import TERMS, RiddleLoss, build_loss

__all__ = ["ORIGINAL", "PRODUCED", "TERMS", "LossTerm", "RiddleLoss", "StepFeatures", "build_loss"]
