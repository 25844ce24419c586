"""Baseline: the face in coarse squares."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.baseline import Baseline
from riddle_pl.packs import Pack


class Pixelation(Baseline):
    """Gives each square of the aligned image its mean colour.

    Args:
        pack: see :class:`Baseline`.
        squares: along each side.

    Raises:
        ConfigError: fewer than 1 square, or more than pixels.
    """

    def __init__(self, pack: Pack, squares: int = 8):
        super().__init__(pack)
        if not 1 <= squares <= pack.size:
            raise ConfigError(f"method.squares={squares}; give 1 to {pack.size}")
        self.squares = squares

    @property
    def label(self) -> str:
        return f"pixelation, {self.squares} x {self.squares}"

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return F.interpolate(F.adaptive_avg_pool2d(x, self.squares), x.shape[-2:], mode="nearest")
