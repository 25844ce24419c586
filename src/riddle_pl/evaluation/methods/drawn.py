"""Evaluation on generated faces, whose codes are known."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import DataError
from riddle_pl.evaluation.methods.latent import load_generator, synthesise
from riddle_pl.evaluation.methods.pack import PackMethod
from riddle_pl.judging.people import FaceSource
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack


def is_drawn(name: str) -> bool:
    """Whether a face's name is the number of a generated person."""
    return name.isascii() and name.isdecimal()


@torch.no_grad()
def drawn_code(generator: FaceGenerator, name: str) -> Float[Tensor, "1 n d"]:
    """W+ code of the person with this number; deterministic."""
    return generator.broadcast(generator.random_w(1, seed=int(name)))


class DrawnFaces(FaceSource):
    """Generated people, numbered from 0, for ``method=drawn``.

    Args:
        pack: of the generator.
        count: of people.
        device: where the generator runs: auto, cpu, cuda or cuda:N.

    Raises:
        DataError: a count below 1.
    """

    def __init__(self, pack: Pack, count: int, device: str = "auto"):
        super().__init__(Path(pack.name), count, aligned=True)
        self.pack = pack
        self.device = device
        self.name = f"people drawn by {pack.name}"

    def keys(self) -> Sequence[str]:
        return [str(number) for number in range(self.total)]

    def check(self) -> None:
        """
        Raises:
            PackError: the generator is missing or damaged.
        """
        self.pack.check("generator")

    def load(self, key: str, size: int) -> Float[Tensor, "1 3 size size"]:
        if size != self.pack.size:
            raise DataError(
                f"pack {self.pack.name} draws {self.pack.size} px; method takes {size} px: give both one pack"
            )
        return synthesise(self._generator, drawn_code(self._generator, key))

    @cached_property
    def _generator(self) -> FaceGenerator:
        return load_generator(self.pack, self.device)


class DrawnMethod(PackMethod):
    """As :class:`PackMethod`, on the known codes of ``data=drawn``: measures the encryptor without inversion errors."""

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
