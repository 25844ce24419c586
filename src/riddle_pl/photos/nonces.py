"""Which nonce a face gets: any, or that of several candidates whose synthesised face fits the photo best.

A nonce is public and says nothing about the password. The choice among n candidates reveals at most log2(n) bits, about
a photo that is published anyway. A wrong password uses the nonce that was chosen.
"""

import math
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int
from torch import Tensor

from riddle_pl.config.ranges import check_range
from riddle_pl.judging.gate_judges import PackJudge
from riddle_pl.networks.resize import resize
from riddle_pl.networks.traits import TRAITS, Traits
from riddle_pl.packs import Pack
from riddle_pl.photos.face_coder import EncryptedCode, FaceCoder
from riddle_pl.photos.paste.mask import CELEBA_FACE, ParserMap
from riddle_pl.photos.paste.regions import ParserRegions
from riddle_pl.photos.paste.skin_colour import logarithms

GRID = 8
"""Cells of the colour comparison, along each side."""
CENTRE = slice(3 / 16, 13 / 16)
"""The part of an aligned face that is pasted, in shares of the side; colours are compared there."""
EYES, MOUTH = ((0.40, 0.55), (0.28, 0.72)), ((0.66, 0.84), (0.34, 0.66))
EYES_AND_BROWS = ((0.36, 0.55), (0.28, 0.72))
"""Rows and columns of an FFHQ crop, in shares of the side."""
DETAIL = (24, 48)
"""At which eyes and mouths are compared, in pixels."""
FLAT = 1e-3
"""Contrast below which there is none."""
LIKE = 0.35
"""Cosine from which the pack's recogniser finds a candidate too like the photo: well below that of one person."""
OUTLINE, LIGHT, EXPRESSION = 1.0, 1.0, 0.7
"""Weights of distances in standard deviations over the candidates; expression is that of the eyes and of the mouth."""
CONTRAST = 4.0
"""Weight of differences of logarithms: of the contrast of eyes and brows (some faces are faded, some made up) and of
that of the skin where it is more than the photo's: shadows would become patches."""
SEX, SHADE, AGE, CHILD = 8.0, 2.5, 1.6, 10.0
"""Weights of the probability that the apparent sex is another, beyond the least possible one; of the difference of that
sex itself (2 between a woman and a man), so that of a face whose sex is unclear one like it is chosen; of age in
decades; and of childhood (1 between an adult and a child). For a child, only the last counts: its sex shows little, its
age is not known."""
CERTAINTY = 8.0
"""Log-odds of a man's face per unit of apparent sex, as `traits` tell it."""
GLASSES = 12.0
"""Weight of glasses on a candidate: they would end where its face ends, without temples."""
SKIN = 12.0
"""Weight of the difference of mean skin colours in logarithms. `colour=skin` brings one skin to the other's colour, but
eyes and lips that were drawn for a darker or a paler one show it."""
COMMON = 16.0
"""Weight of the mean cosine to the other candidates, by the pack's recogniser: other passwords draw people like
them."""
BROWS, FOREHEAD = 0.42, 40.0
"""Where the forehead ends, as a share of the side, and the weight of what of it the new hair covers, as a share of the
photo's face: that is filled with skin, and strands and shadows stay in it."""
ENOUGH = 6.0
"""Sum of all that is not standardised, but for the likeness to others, up to which a person fits the photo's head."""

Box = tuple[tuple[float, float], tuple[float, float]]
"""Rows and columns, in shares of the side."""

Look = Callable[[Tensor], Float[Tensor, "b ..."]]
"""What is compared of a batch of images in [-1, 1]."""


class Choice(NamedTuple):
    """Of the candidates of some faces.

    Attributes:
        number: of the one that is taken for each face.
        misfit: of that one, beyond what is allowed; 0: it fits.
    """

    number: Int[Tensor, "b"]
    misfit: Float[Tensor, "b"]


class NonceChoice(Protocol):
    """How many persons are drawn for a face, and which of them is taken."""

    @property
    def candidates(self) -> int:
        """Persons who are compared at a time."""
        ...

    @property
    def rounds(self) -> int:
        """How often others are drawn, at most, for a face whose best candidate does not fit."""
        ...

    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Choice:
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
    if all(linkable) or nonces.candidates == 1:  # a linkable person is the same for every nonce
        return coder.encrypt(w, keys, linkable, context)
    best: dict[int, EncryptedCode] = {}
    misfits = [math.inf] * len(w)
    for _ in range(nonces.rounds):
        faces = [face for face, misfit in enumerate(misfits) if misfit > 0]
        if not faces:
            break
        many = faces * nonces.candidates
        keys_of, linkable_of = [keys[face] for face in many], [linkable[face] for face in many]
        tried = coder.encrypt(w[many], keys_of, linkable_of, None if context is None else context[many])
        drawn = coder.sketch(torch.stack([code.shown for code in tried])).unflatten(0, (-1, len(faces)))
        number, misfit = (found.tolist() for found in nonces.best(x[faces], drawn.transpose(0, 1)))
        for row, face in enumerate(faces):
            if misfit[row] < misfits[face]:
                best[face], misfits[face] = tried[number[row] * len(faces) + row], misfit[row]
    return [best[face] for face in range(len(w))]


class AnyNonce:
    """The first that comes."""

    candidates = 1
    rounds = 1

    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Choice:
        return Choice(torch.zeros(len(x), dtype=torch.long), torch.zeros(len(x)))


class BestFit:
    """The person who fits the photo's head best, of those who are not like the one in the photo.

    Candidates whom the pack's recogniser finds like the photo are out; if all are, the least like is taken. Of the
    others, that with the smallest sum of

    - distances relative to the other candidates': of the parser's class probabilities, pixel by pixel, with what of the
      photo's face is not shown counted again; of colours on a grid over the face; of eyes and mouth as pictures;
    - the misfit, in terms that are the same for all photos: hair on the photo's forehead; another contrast of eyes and
      brows; skin of another colour, or in deeper shadow; glasses; and, where the pack has ``traits``, another apparent
      sex or age, an adult's or a child's;
    - the likeness to the other candidates, who stand for those whom other passwords draw.

    Args:
        pack: its ``parser``, ``recogniser`` and ``traits`` judge.
        candidates: people who are compared at a time.
        rounds: how many times that many are drawn, at most, while the misfit is above ``ENOUGH``: few of those whom a
            generator draws are children, or old.
        device: where the networks run.

    Raises:
        ConfigError: fewer than two candidates, or no round.
    """

    def __init__(self, pack: Pack, candidates: int = 16, rounds: int = 8, device: torch.device | str = "cpu"):
        check_range("nonce.candidates", candidates)
        check_range("nonce.rounds", rounds)
        self.pack = pack
        self.candidates = candidates
        self.rounds = rounds
        self.parser = ParserMap(pack, device)
        self.judge = PackJudge(pack, device)

    @cached_property
    def _traits(self) -> Traits | None:
        return self.pack.load_as("traits", Traits) if "traits" in self.pack.roles else None

    @torch.no_grad()
    def best(self, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]) -> Choice:
        embedding, traits = self._seen(x)
        traits = (traits + self._seen(x.flip(-1))[1]) / 2.0  # mirrored as well: more certain
        embeddings, theirs = (torch.stack(parts) for parts in zip(*map(self._seen, drawn), strict=True))
        alike = F.cosine_similarity(embedding[:, None], embeddings, dim=-1)
        theirs_seen, ours_seen = self.parser.classes(x), self._each(self.parser.classes, drawn)
        cost = _outline(theirs_seen, ours_seen) + LIGHT * _standardised(self._distance(_colours, x, drawn))
        for part in (EYES, MOUTH):
            cost = cost + EXPRESSION * _standardised(self._distance(partial(_detail, box=part), x, drawn))
        misfit = _apart(traits, theirs) + GLASSES * theirs[..., TRAITS.index("glasses")].clamp(0.0, 1.0)
        misfit = misfit + FOREHEAD * _covered(theirs_seen, ours_seen)
        misfit = misfit + CONTRAST * self._distance(_contrast, x, drawn)
        misfit = misfit + _skin(x, theirs_seen, drawn, ours_seen)
        allowed = (alike < LIKE) | (alike == alike.amin(dim=1, keepdim=True))
        number = torch.where(allowed, cost + misfit + COMMON * _likeness(embeddings), torch.inf).argmin(dim=1)
        return Choice(number, (misfit.gather(1, number[:, None])[:, 0] - ENOUGH).clamp_min(0.0))

    def _seen(self, x: Float[Tensor, "b 3 h h"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b 4"]]:
        """Embeddings, and traits: all alike where the pack has none."""
        if self._traits is None:
            return self.judge.embed(x), torch.zeros(len(x), len(TRAITS))
        embedding, features = self.judge.with_features(x)
        return embedding, self._traits(features)

    def _distance(
        self, look: Look, x: Float[Tensor, "b 3 h h"], drawn: Float[Tensor, "b c 3 s s"]
    ) -> Float[Tensor, "b c"]:
        return (look(x)[:, None] - self._each(look, drawn)).abs().flatten(2).mean(dim=2)

    def _each(self, look: Look, drawn: Float[Tensor, "b c 3 s s"]) -> Float[Tensor, "b c ..."]:
        return torch.stack([look(faces) for faces in drawn])


def _likeness(embeddings: Float[Tensor, "b c d"]) -> Float[Tensor, "b c"]:
    """Mean cosine of each candidate to the others of its face."""
    unit = F.normalize(embeddings, dim=-1)
    return ((unit @ unit.transpose(1, 2)).sum(dim=2) - 1.0) / max(embeddings.shape[1] - 1, 1)


def _apart(traits: Float[Tensor, "b 4"], theirs: Float[Tensor, "b c 4"]) -> Float[Tensor, "b c"]:
    """How far candidates are of another sex or age than the person in the photo."""
    sex, age, child, _ = (traits[:, None] - theirs).abs().unbind(dim=-1)
    man, men = (CERTAINTY * traits[:, None, 0]).sigmoid(), (CERTAINTY * theirs[..., 0]).sigmoid()
    other_sex = man * (1.0 - men) + (1.0 - man) * men - torch.minimum(man, 1.0 - man)
    adult = 1.0 - traits[:, None, 2].clamp(0.0, 1.0)
    return adult * (SEX * other_sex + SHADE * sex + AGE * age) + CHILD * child


def _outline(theirs: Float[Tensor, "b k m m"], ours: Float[Tensor, "b c k m m"]) -> Float[Tensor, "b c"]:
    """Where the parser sees something else, standardised. What of the photo's face is not shown counts twice.

    Args:
        theirs, ours: probabilities of the parser's classes in the photo and in the candidates.
    """
    other = (theirs[:, None] - ours).abs().sum(dim=2) + _lost(theirs, ours)
    return OUTLINE * _standardised(other.flatten(2).mean(dim=2))


def _covered(theirs: Float[Tensor, "b k m m"], ours: Float[Tensor, "b c k m m"]) -> Float[Tensor, "b c"]:
    """What of the photo's forehead is not shown, as a share of its face."""
    front = round(BROWS * theirs.shape[-2])
    face = theirs[:, CELEBA_FACE].sum(dim=(1, 2, 3))[:, None]
    return _lost(theirs, ours)[..., :front, :].sum(dim=(2, 3)) / face.clamp_min(1.0)


def _lost(theirs: Float[Tensor, "b k m m"], ours: Float[Tensor, "b c k m m"]) -> Float[Tensor, "b c m m"]:
    """What of the photo's face is not shown."""
    return (theirs[:, None, CELEBA_FACE].sum(dim=2) - ours[:, :, CELEBA_FACE].sum(dim=2)).clamp_min(0.0)


def _skin(
    x: Float[Tensor, "b 3 h h"],
    theirs: Float[Tensor, "b k m m"],
    drawn: Float[Tensor, "b c 3 s s"],
    ours: Float[Tensor, "b c k m m"],
) -> Float[Tensor, "b c"]:
    """By how much plain skin is of another colour, and more contrasted, weighted."""
    colour, contrast = _plain_skin(x, theirs)
    colours, contrasts = (
        torch.stack(parts)
        for parts in zip(*(_plain_skin(*pair) for pair in zip(drawn, ours, strict=True)), strict=True)
    )
    more = (contrasts - contrast[:, None]).clamp_min(0.0)
    return SKIN * (colours - colour[:, None]).abs().mean(dim=-1) + CONTRAST * more


def _plain_skin(
    x: Float[Tensor, "b 3 h h"], classes: Float[Tensor, "b k m m"]
) -> tuple[Float[Tensor, "b 3"], Float[Tensor, "b"]]:
    """Mean logarithm of its colours, and logarithm of the deviation of its lightness, pores aside."""
    skin = (classes[:, ParserRegions.SKIN].sum(dim=1, keepdim=True) > 0.5).float()
    colours = logarithms(resize(x, (classes.shape[-2], classes.shape[-1])).clamp(-1.0, 1.0))
    area = skin.sum(dim=(2, 3)).clamp_min(1.0)
    smooth = F.avg_pool2d(colours.mean(dim=1, keepdim=True), 3, 1, 1)
    apart = (smooth - ((smooth * skin).sum(dim=(2, 3)) / area)[..., None, None]).square()
    deviation = ((apart * skin).sum(dim=(2, 3)) / area)[:, 0].sqrt()
    return (colours * skin).sum(dim=(2, 3)) / area, deviation.clamp_min(FLAT).log()


def _colours(x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 g g"]:
    part = slice(round(CENTRE.start * x.shape[-1]), round(CENTRE.stop * x.shape[-1]))
    return F.adaptive_avg_pool2d(x[..., part, part], GRID)


def _contrast(x: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 1"]:
    """Logarithm of the deviation of the lightness of eyes and brows, in logarithms."""
    small = _part(logarithms(x.clamp(-1.0, 1.0)), EYES_AND_BROWS)
    return small.flatten(1).std(dim=1, keepdim=True).clamp_min(FLAT).log()


def _detail(x: Float[Tensor, "b 3 h h"], box: Box) -> Float[Tensor, "b 1 r c"]:
    """A part of the face in black and white, with mean 0 and deviation 1: open or closed, looking where."""
    small = _part(x, box)
    centred = small - small.mean(dim=(2, 3), keepdim=True)
    return centred / centred.square().mean(dim=(2, 3), keepdim=True).sqrt().clamp_min(1e-3)


def _part(x: Float[Tensor, "b 3 h h"], box: Box) -> Float[Tensor, "b 1 r c"]:
    """The mean of the colours in a box, of ``DETAIL`` pixels."""
    rows, columns = (slice(round(low * x.shape[-1]), round(high * x.shape[-1])) for low, high in box)
    light = x[..., rows, columns].mean(dim=1, keepdim=True)
    return F.interpolate(light, DETAIL, mode="bilinear", antialias=True, align_corners=False)


def _standardised(costs: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    return (costs - costs.mean(dim=1, keepdim=True)) / costs.std(dim=1, keepdim=True).clamp_min(1e-6)
