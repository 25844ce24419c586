"""Baseline: no face at all."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.methods.baseline import Baseline

BOX = (0.2, 0.3, 0.8, 0.9)
"""Left, top, right, bottom of the face in an FFHQ-aligned image, as shares of its side: from brows to chin."""


class BlackBox(Baseline):
    """Paints a black square over the face of the aligned image."""

    @property
    def label(self) -> str:
        return "black box"

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        left, top, right, bottom = (round(share * x.shape[-1]) for share in BOX)
        hidden = x.clone()
        hidden[:, :, top:bottom, left:right] = -1.0
        return hidden
