"""Skin and hair of a new face, brought to the colours and the light of those of its photo."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.photos.paste.fitted import Regions
from riddle_pl.photos.paste.mask import blur, core, one_whole
from riddle_pl.photos.paste.opponent import from_opponent, to_opponent
from riddle_pl.photos.paste.views import Views

LIMITS = (0.8, 0.4, 0.4)
"""Largest shift of lightness and of each tint."""
GAINS = ((0.7, 1.3), (0.1, 1.1), (0.1, 1.1))
"""Times that the spread of each may be changed. A sepia photo has hardly any spread of tints; more of it than the face
has would show as coloured patches."""
STEEPEST = 0.1
"""Largest change of lightness from the middle to a side. Beards and shadows of hair look like light from elsewhere."""
TRIMMED = 2.0
"""Standard deviations from the mean beyond which a pixel of the face is eye, tooth or gleam, and does not count."""
EDGE = 0.015
"""Deviation of the blur of a region's edge, as a share of the side."""
LEAST = 0.02
"""Share of the square below which a region is not seen."""


class MatchSkin:
    """Skin and hair of the new face get colour and light of those that they replace.

    Of the skin: mean, spread, and the slope of the lightness along both axes (where the light comes from); of the hair,
    which the photo keeps around the face: mean and spread. Neck, hands, hair and light of the photo tell
    as much. The picture keeps all of it, so that a recovered face is brought to it as well.
    """

    def __call__(self, views: Views, mask: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 3 s s"]:
        x, photo = views.x, views.photo
        result = x
        for ours, theirs, sloping in _regions(views):
            result = torch.lerp(result, _matched(x, photo, ours, theirs, sloping), _soft(ours, x.shape[-1]))
        return result.clamp(-1.0, 1.0)


class _Pair(NamedTuple):
    """A region of the new face, the same of the photo, and whether the light on it has a direction."""

    ours: Float[Tensor, "1 1 m m"]
    theirs: Float[Tensor, "1 1 m m"]
    sloping: bool


def _regions(views: Views) -> list[_Pair]:
    """Those that both images show."""
    ours, theirs = views.ours, views.theirs
    pairs = (_Pair(ours.face, theirs.face, True), _Pair(_around(ours), _around(theirs), False))
    return [pair for pair in pairs if min(float((region > 0.5).float().mean()) for region in pair[:2]) >= LEAST]


def _around(regions: Regions) -> Float[Tensor, "1 1 m m"]:
    """Hair around the face; brows are hair to the parser, too, and keep their colour."""
    face = torch.maximum((regions.face > 0.5).float(), core(regions.face.shape[-1]))
    return regions.hair * (1.0 - one_whole(face))


def _soft(region: Float[Tensor, "1 1 m m"], side: int) -> Float[Tensor, "1 1 side side"]:
    enlarged = F.interpolate(region, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return blur(enlarged, EDGE * side).clamp(0.0, 1.0)


def _matched(
    x: Float[Tensor, "1 3 s s"],
    photo: Float[Tensor, "1 3 h h"],
    ours: Float[Tensor, "1 1 m m"],
    theirs: Float[Tensor, "1 1 m m"],
    sloping: bool,
) -> Float[Tensor, "1 3 s s"]:
    """The whole image with its colours as one region needs them."""
    size = ours.shape[-1]
    both = (ours > 0.5) & (theirs > 0.5)
    common = sloping and float(both.float().mean()) >= LEAST
    fits = [
        _fit(to_opponent(_sized(image, size)), (both if common else region > 0.5), sloping)
        for image, region in ((x, ours), (photo, theirs))
    ]
    own = _surface(fits[0].terms, x.shape[-1])
    apart = fits[1].terms - fits[0].terms
    apart[:, 1:] = apart[:, 1:].clamp(-STEEPEST, STEEPEST)
    shift = _surface(apart, x.shape[-1])
    limits = torch.tensor(LIMITS, dtype=x.dtype).view(1, 3, 1, 1)
    low, high = (torch.tensor(bound, dtype=x.dtype) for bound in zip(*GAINS, strict=True))
    gain = (fits[1].deviation / fits[0].deviation).clamp(low, high).view(1, 3, 1, 1)
    colours = to_opponent(x)
    around = colours - own
    reach = (TRIMMED * fits[0].deviation).view(1, 3, 1, 1)
    skin = around.clamp(-reach, reach)  # lips, teeth and eyes stay as far beyond it as they are
    moved = skin * gain + around - skin + own + shift.clamp(-limits, limits)
    return from_opponent(moved)


class _Fit(NamedTuple):
    """Of colours over a region: c + a u + b v, u and v from -1 to 1, and the spread around it; tints: c alone."""

    terms: Float[Tensor, "3 k"]
    deviation: Float[Tensor, "3"]


def _surface(terms: Float[Tensor, "3 k"], size: int) -> Float[Tensor, "1 3 size size"]:
    return torch.einsum("ok,khw->ohw", terms, _terms(size, terms.shape[1]))[None]


def _fit(colours: Float[Tensor, "1 3 m m"], region: Bool[Tensor, "1 1 m m"], sloping: bool) -> _Fit:
    terms = _terms(colours.shape[-1], 3 if sloping else 1)
    chosen = region[0, 0]
    for _ in range(3):
        design, values = terms[:, chosen].T, colours[0][:, chosen].T
        solution = torch.zeros(design.shape[1], 3)
        solution[0] = values.mean(dim=0)
        solution[:, 0] = torch.linalg.lstsq(design, values[:, :1]).solution[:, 0]
        rest = values - design @ solution
        deviation = rest.square().mean(dim=0).sqrt().clamp_min(1e-3)
        near = (rest.abs() <= TRIMMED * deviation).all(dim=1)
        kept = chosen.clone()
        kept[chosen] = near
        chosen = kept
    return _Fit(solution.T, deviation)


def _terms(size: int, count: int) -> Float[Tensor, "count size size"]:
    u = (torch.arange(size) + 0.5) / size * 2.0 - 1.0
    return torch.stack([torch.ones(size, size), u[None, :].expand(size, size), u[:, None].expand(size, size)])[:count]


def _sized(x: Float[Tensor, "1 3 h h"], size: int) -> Float[Tensor, "1 3 size size"]:
    return F.interpolate(x, (size, size), mode="bilinear", antialias=True, align_corners=False)
