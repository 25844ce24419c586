"""Which nonce a face gets: any, or the one of several whose person fits the photo best.

A nonce is free: whoever knows it learns nothing of the password. The choice among n of them tells log2(n) bits at most,
and they speak of the photo that is published anyway. A wrong password draws from the one nonce that was chosen.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.packs import Pack
from riddle_pl.photos.judges import PackJudge
from riddle_pl.photos.mask import ParserMap

GRID = 8
"""Cells of the colour comparison, along each side."""
CENTRE = slice(3 / 16, 13 / 16)
"""The part of an aligned face that is pasted, in shares of the side; colours are compared there."""


class NonceChoice(Protocol):
    """How many persons are drawn for a face, and which of them is taken."""

    @property
    def candidates(self) -> int: ...

    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Int[Tensor, "b"]:
        """The candidate of each face.

        Args:
            x: aligned faces of the photo, in [-1, 1].
            drawn: the persons that its nonces give.
        """
        ...


class AnyNonce:
    """The first that comes."""

    candidates = 1

    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Int[Tensor, "b"]:
        return torch.zeros(len(x), dtype=torch.long)


class BestFit:
    """The person with the same outline, expression and light, of those who are not like the one in the photo.

    Of the half of the candidates that the pack's recogniser finds least like the photo, that with the smallest sum of
    two distances to it, each in standard deviations over the candidates: of the parser's class probabilities, pixel by
    pixel, and of colours on a grid over the face.

    Args:
        pack: its ``parser`` and ``recogniser`` judge.
        candidates: nonces per face.
        device: where the networks run.

    Raises:
        ConfigError: fewer than two candidates.
    """

    def __init__(self, pack: Pack, candidates: int = 16, device: torch.device | str = "cpu"):
        if candidates < 2:
            raise ConfigError(f"nonce.candidates is {candidates}; give at least 2, or nonce=any")
        self.candidates = candidates
        self.parser = ParserMap(pack, device)
        self.judge = PackJudge(pack, device)

    @torch.no_grad()
    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Int[Tensor, "b"]:
        count = drawn.shape[1]
        alike = F.cosine_similarity(self.judge.embed(x)[:, None], self._each(self.judge.embed, drawn), dim=-1)
        shape = (self.parser.classes(x)[:, None] - self._each(self.parser.classes, drawn)).abs().flatten(2).mean(dim=2)
        light = (_colours(x)[:, None] - self._each(_colours, drawn)).abs().flatten(2).mean(dim=2)
        cost = _standardised(shape) + _standardised(light)
        allowed = alike.argsort(dim=1).argsort(dim=1) < max(1, count // 2)
        return torch.where(allowed, cost, torch.inf).argmin(dim=1)

    def _each(self, look: "Look", drawn: Float[Tensor, "b c 3 s s"]) -> Float[Tensor, "b c ..."]:
        return torch.stack([look(faces) for faces in drawn])


class Look(Protocol):
    """What is compared of images."""

    def __call__(self, x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b ..."]: ...


def _colours(x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 g g"]:
    part = slice(round(CENTRE.start * x.shape[-1]), round(CENTRE.stop * x.shape[-1]))
    return F.adaptive_avg_pool2d(x[..., part, part], GRID)


def _standardised(costs: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    return (costs - costs.mean(dim=1, keepdim=True)) / costs.std(dim=1, keepdim=True).clamp_min(1e-6)
