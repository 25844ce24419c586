"""Baseline: nothing is done, so nothing is lost."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.method import FaceImages
from riddle_pl.evaluation.methods.baseline import Baseline


class NoChange(Baseline):
    """Delivers the photo as encrypted and as recovered: the worst privacy and the best of everything else."""

    @property
    def label(self) -> str:
        return "no change"

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        images = dict(super().images(names, x))
        return images | {"recovered": images["encrypted"]}

    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        return x
