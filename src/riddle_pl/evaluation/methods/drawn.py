"""The encryptor of a pack on people whose codes are known."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.evaluation.drawn import drawn_code, is_drawn
from riddle_pl.evaluation.methods.pack import PackMethod


class DrawnMethod(PackMethod):
    """As :class:`PackMethod`, from the codes that the people of ``data=drawn`` were drawn from.

    What an inversion would add to the errors is not among them: this measures the encryptor alone, on the codes that a
    data-free one was trained on.
    """

    @property
    def facts(self) -> dict[str, Any]:
        return super().facts | {"inversion": "none: the codes that the people were drawn from"}

    @property
    def notes(self) -> Sequence[str]:
        return ("inversion: the photo itself, drawn once more; both are the generator's image of the person's code.",)

    def lacks(self, name: str) -> str | None:
        return None if is_drawn(name) else "method=drawn knows the codes of drawn people only; choose data=drawn"

    def _codes(self, names: Sequence[str], x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b n d"]:
        return torch.cat([drawn_code(self.networks.generator, name) for name in names])
