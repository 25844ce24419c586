"""Which nonce a face gets: any, or that of several candidates whose synthesised face fits the photo best.

A nonce is public and says nothing about the password. The choice among n candidates reveals at most log2(n) bits, about
a photo that is published anyway. A wrong password uses the nonce that was chosen.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int
from torch import Tensor

from riddle_pl.config.ranges import check_range
from riddle_pl.judging.gate_judges import PackJudge
from riddle_pl.networks.traits import TRAITS, Traits
from riddle_pl.packs import Pack
from riddle_pl.photos.face_coder import EncryptedCode, FaceCoder
from riddle_pl.photos.paste.mask import CELEBA_FACE, ParserMap

GRID = 8
"""Cells of the colour comparison, along each side."""
CENTRE = slice(3 / 16, 13 / 16)
"""The part of an aligned face that is pasted, in shares of the side; colours are compared there."""
EYES, MOUTH = ((0.40, 0.55), (0.28, 0.72)), ((0.66, 0.84), (0.34, 0.66))
"""Rows and columns of an FFHQ crop, in shares of the side."""
DETAIL = (24, 48)
"""At which eyes and mouths are compared, in pixels."""
LIKE = 0.35
"""Cosine from which the pack's recogniser finds a candidate too like the photo: well below that of one person."""
OUTLINE, LIGHT, EXPRESSION = 1.0, 1.0, 0.7
"""Weights of distances in standard deviations over the candidates; expression is that of the eyes and of the mouth."""
SEX, AGE = 4.0, 1.6
"""Weights of the difference of apparent sex (2 between a woman and a man) and of age in decades."""
BROWS, FOREHEAD = 0.42, 40.0
"""Where the forehead ends, as a share of the side, and the weight of what of it the new hair covers, as a share of the
photo's face: that is filled with skin, and strands and shadows stay in it."""


Look = Callable[[Tensor], Float[Tensor, "b ..."]]
"""What is compared of a batch of images in [-1, 1]."""


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


def best_codes(
    coder: FaceCoder,
    nonces: NonceChoice,
    w: Float[Tensor, "b n 512"],
    keys: Sequence[bytes],
    linkable: Sequence[bool],
    x: Float[Tensor, "b 3 h h"],
    context: Float64[Tensor, "b k"] | None = None,
) -> list[EncryptedCode]:
    """Encrypts faces, each under the nonce whose person fits it best.

    Args:
        w, keys, linkable, context: see :meth:`FaceCoder.encrypt`.
        x: the faces, for ``nonces`` to compare with.
    """
    candidates = 1 if all(linkable) else nonces.candidates  # a linkable person is the same for every nonce
    contexts = None if context is None else context.repeat(candidates, 1)
    tried = coder.encrypt(w.repeat(candidates, 1, 1), list(keys) * candidates, list(linkable) * candidates, contexts)
    if candidates == 1:
        return tried
    drawn = coder.sketch(torch.stack([code.shown for code in tried])).unflatten(0, (candidates, len(w)))
    chosen = nonces.best(x, drawn.transpose(0, 1))
    return [tried[number * len(w) + face] for face, number in enumerate(chosen.tolist())]


class AnyNonce:
    """The first that comes."""

    candidates = 1

    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Int[Tensor, "b"]:
        return torch.zeros(len(x), dtype=torch.long)


class BestFit:
    """The person with the same outline, expression, light, sex and age, of those who are not like the one in the photo.

    Candidates whom the pack's recogniser finds like the photo are out; if all are, the least like is taken. Of the
    others, that with the smallest sum of distances to the photo: of the parser's class probabilities, pixel by pixel,
    with hair and background that lie on the photo's face counted again, and most on its forehead; of colours on a grid
    over the face; of eyes and mouth as pictures, without their light; and, where the pack has ``traits``, of apparent
    sex and age.

    Args:
        pack: its ``parser``, ``recogniser`` and ``traits`` judge.
        candidates: nonces per face.
        device: where the networks run.

    Raises:
        ConfigError: fewer than two candidates.
    """

    def __init__(self, pack: Pack, candidates: int = 16, device: torch.device | str = "cpu"):
        check_range("nonce.candidates", candidates)
        self.pack = pack
        self.candidates = candidates
        self.parser = ParserMap(pack, device)
        self.judge = PackJudge(pack, device)

    @cached_property
    def _traits(self) -> Traits | None:
        return self.pack.load_as("traits", Traits) if "traits" in self.pack.roles else None

    @torch.no_grad()
    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Int[Tensor, "b"]:
        embedding, traits = self._seen(x)
        embeddings, theirs = (torch.stack(parts) for parts in zip(*map(self._seen, drawn), strict=True))
        alike = F.cosine_similarity(embedding[:, None], embeddings, dim=-1)
        cost = self._outline(x, drawn) + LIGHT * _standardised(self._distance(_colours, x, drawn))
        for part in (EYES, MOUTH):
            cost = cost + EXPRESSION * _standardised(self._distance(partial(_detail, box=part), x, drawn))
        cost = cost + (traits[:, None] - theirs).abs() @ torch.tensor([SEX, AGE])
        allowed = (alike < LIKE) | (alike == alike.amin(dim=1, keepdim=True))
        return torch.where(allowed, cost, torch.inf).argmin(dim=1)

    def _seen(self, x: Float[Tensor, "b 3 h h"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b 2"]]:
        """Embeddings, and traits: all alike where the pack has none."""
        if self._traits is None:
            return self.judge.embed(x), torch.zeros(len(x), len(TRAITS))
        embedding, features = self.judge.with_features(x)
        return embedding, self._traits(features)

    def _outline(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Float[Tensor, "b c"]:
        """Where the parser sees something else, standardised, and how much of the forehead is covered.

        What of the photo's face the new picture does not show counts twice.
        """
        theirs, ours = self.parser.classes(x)[:, None], self._each(self.parser.classes, drawn)
        face, new = (classes[:, :, CELEBA_FACE].sum(dim=2) for classes in (theirs, ours))
        lost = (face - new).clamp_min(0.0)
        other = (theirs - ours).abs().sum(dim=2) + lost
        covered = lost[..., : round(BROWS * lost.shape[-2]), :].sum(dim=(2, 3)) / face.sum(dim=(2, 3)).clamp_min(1.0)
        return OUTLINE * _standardised(other.flatten(2).mean(dim=2)) + FOREHEAD * covered

    def _distance(
        self, look: Look, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]
    ) -> Float[Tensor, "b c"]:
        return (look(x)[:, None] - self._each(look, drawn)).abs().flatten(2).mean(dim=2)

    def _each(self, look: Look, drawn: Float[Tensor, "b c 3 s s"]) -> Float[Tensor, "b c ..."]:
        return torch.stack([look(faces) for faces in drawn])


def _colours(x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 g g"]:
    part = slice(round(CENTRE.start * x.shape[-1]), round(CENTRE.stop * x.shape[-1]))
    return F.adaptive_avg_pool2d(x[..., part, part], GRID)


def _detail(
    x: Float[Tensor, "b 3 h h"], box: tuple[tuple[float, float], tuple[float, float]]
) -> Float[Tensor, "b 1 r c"]:
    """A part of the face in black and white, with mean 0 and deviation 1: open or closed, looking where."""
    rows, columns = (slice(round(low * x.shape[-1]), round(high * x.shape[-1])) for low, high in box)
    light = x[..., rows, columns].mean(dim=1, keepdim=True)
    small = F.interpolate(light, DETAIL, mode="bilinear", antialias=True, align_corners=False)
    centred = small - small.mean(dim=(2, 3), keepdim=True)
    return centred / centred.square().mean(dim=(2, 3), keepdim=True).sqrt().clamp_min(1e-3)


def _standardised(costs: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    return (costs - costs.mean(dim=1, keepdim=True)) / costs.std(dim=1, keepdim=True).clamp_min(1e-6)
