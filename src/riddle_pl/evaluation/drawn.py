"""People that a generator draws, as the faces of an evaluation: their codes are known, so nothing is inverted."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import DataError
from riddle_pl.evaluation.faces import FaceSource
from riddle_pl.evaluation.methods.generator import load_generator, synthesise
from riddle_pl.networks.generator import FaceGenerator
from riddle_pl.packs import Pack


def is_drawn(name: str) -> bool:
    """Whether a face's name is the number of a drawn person."""
    return name.isascii() and name.isdecimal()


@torch.no_grad()
def drawn_code(generator: FaceGenerator, name: str) -> Float[Tensor, "1 n d"]:
    """W+ code of the person with this number: one W code in all layers, the same in every run."""
    return generator.broadcast(generator.random_w(1, seed=int(name)))


class DrawnFaces(FaceSource):
    """People drawn from W, numbered from 0. An encryptor is to be measured with ``method=drawn`` on them.

    Args:
        pack: its generator draws them.
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
