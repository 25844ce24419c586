"""``invert=encoder``: one pass of the pack's encoder."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.inversion.inversion import Inversion


class EncoderInversion(Inversion):
    """The encoder's code; see :class:`Inversion`."""

    name: ClassVar[str] = "encoder"
    roles: ClassVar[tuple[str, ...]] = ("encoder",)

    @torch.no_grad()
    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n 512"]:
        return self.encode(x.to(self.device)).cpu()
