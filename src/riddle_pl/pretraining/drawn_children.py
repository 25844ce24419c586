"""Faces that a generator draws, of which somebody said by eye which look like children."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.networks.generator import FaceGenerator

HELD_OUT = 4
"""One in this many is for measuring."""


@dataclass(frozen=True)
class DrawnChildren:
    """Labels of the faces G(w) with the w of :meth:`FaceGenerator.random_w`.

    Archives of faces tell children badly: their names give ages from 16 years on, or none.

    Attributes:
        count: faces.
        seed: of their codes.
        children: numbers of the faces that look younger than about twelve years.
        unsure: numbers of those of which it could not be said.

    Raises:
        ConfigError: no such face, one in both lists, or no child at all.
    """

    count: int
    seed: int
    children: Sequence[int]
    unsure: Sequence[int] = ()

    def __post_init__(self) -> None:
        named = [*self.children, *self.unsure]
        if len(set(named)) < len(named) or not all(0 <= number < self.count for number in named) or not self.children:
            raise ConfigError(
                f"drawn.children and drawn.unsure: give different numbers from 0 to {self.count - 1} (drawn.count), "
                "and at least one child"
            )

    @property
    def labels(self) -> Float[Tensor, "n"]:
        """1: a child; 0: none; NaN: unsure."""
        labels = torch.zeros(self.count)
        labels[list(self.children)] = 1.0
        labels[list(self.unsure)] = math.nan
        return labels

    @torch.no_grad()
    def draw(self, generator: FaceGenerator, part: slice) -> Float[Tensor, "b 3 h h"]:
        """Some of the faces, in [-1, 1]."""
        w = generator.random_w(self.count, self.seed)[part]
        x: Tensor = generator(generator.broadcast(w)).clamp(-1.0, 1.0)
        return x
