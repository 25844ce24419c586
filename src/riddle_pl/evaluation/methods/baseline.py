"""What the baselines have in common: they need no training and have no password."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.method import FaceImages, Method
from riddle_pl.packs import Pack


class Baseline(Method):
    """Changes the photo itself; nothing can be recovered.

    Args:
        pack: gives the size of the images, so that the baseline's rows stand beside those of its encryptors.
    """

    def __init__(self, pack: Pack):
        self.pack = pack

    @property
    def size(self) -> int:
        return self.pack.size

    @property
    def facts(self) -> dict[str, Any]:
        return {"method": f"{self.label}, a baseline without training, at the {self.size} px of pack {self.pack.name}"}

    def images(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> FaceImages:
        x = x.float().cpu()
        return {"photo": x, "encrypted": self.obscure(names, x)}

    @abstractmethod
    def obscure(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 h h"]:
        """The faces, hidden; images in [-1, 1]."""
