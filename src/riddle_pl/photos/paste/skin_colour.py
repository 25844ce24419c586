"""The skin of a new face, brought to the colour and the light of that of its photo."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.photos.paste.mask import blur
from riddle_pl.photos.paste.opponent import from_opponent, to_opponent
from riddle_pl.photos.paste.regions import Regions, resized
from riddle_pl.photos.paste.views import Views

DARKEST = 0.05
"""Added to colours in [0, 1] before their logarithm is taken."""
LIMITS = (1.2, 0.8, 0.4)
"""Largest shift of lightness and of each tint, in logarithms."""
GAINS = ((0.7, 1.3), (0.1, 1.1), (0.1, 1.1))
"""Times that the spread of each may be changed. A sepia photo has hardly any spread of tints; more of it than the face
has would show as coloured patches."""
STEEPEST = 0.2
"""Largest change of the logarithm of lightness from the middle to a side: shadows of hair look like light from
elsewhere."""
TRIMMED = 2.0
"""Standard deviations from the mean beyond which a pixel of the face is eye, tooth or gleam, and does not count."""
PIGMENT = 0.5
"""Share by which eyes and mouth are lightened less than the skin: that of darker people is brought to lighter skin."""
MOUTH, LEAST_FEATURES = 0.62, 0.002
"""Height that parts eyes and brows from the mouth, as a share of the side, and the share of the square that they fill
at least to have colours."""
EYE_TINT, LIP_TINT = 0.15, 0.25
"""Largest change of a tint of theirs, in logarithms."""
LITTLE = 0.01
"""Tint of skin below which it has none to lose."""
EDGE = 0.015
"""Deviation of the blur of a region's edge, as a share of the side."""
LEAST = 0.02
"""Share of the square below which a region is not seen."""


class MatchSkin:
    """The new face gets the colour and the light of the skin that it replaces.

    That is mean, spread, and the slope of the lightness along both axes (where the light comes from). Neck, hands and
    light of the photo tell as much. The picture keeps all of it, so that a recovered face is brought to it as well.

    Skins differ in light and in pigment, of which eyes, teeth and lips have less: they are lightened half as much, and
    lose as large a share of their tint as the skin. Then their mean tints are brought to those of the photo's.
    """

    def __call__(self, views: Views, mask: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 3 s s"]:
        x, photo, ours, theirs = views.x, views.photo, views.ours, views.theirs
        if min(float((region > 0.5).float().mean()) for region in (ours.skin, theirs.skin)) < LEAST:
            return x
        matched = _matched(x, photo, ours, theirs)
        return torch.lerp(x, matched, _soft(ours.face, x.shape[-1])).clamp(-1.0, 1.0)


def _soft(region: Float[Tensor, "1 1 m m"], side: int) -> Float[Tensor, "1 1 side side"]:
    return blur(resized(region, side), EDGE * side).clamp(0.0, 1.0)


def _matched(
    x: Float[Tensor, "1 3 s s"],
    photo: Float[Tensor, "1 3 h h"],
    ours: Regions,
    theirs: Regions,
) -> Float[Tensor, "1 3 s s"]:
    """The whole image with its colours as its skin needs them."""
    size = ours.skin.shape[-1]
    both = (ours.skin > 0.5) & (theirs.skin > 0.5)
    common = float(both.float().mean()) >= LEAST
    seen = [_logarithmic(resized(image, size)) for image in (x, photo)]
    fits = [
        _fit(image, both if common else region > 0.5)
        for image, region in zip(seen, (ours.skin, theirs.skin), strict=True)
    ]
    own = _surface(fits[0].terms, x.shape[-1])
    apart = fits[1].terms - fits[0].terms
    apart[:, 1:] = apart[:, 1:].clamp(-STEEPEST, STEEPEST)
    shift = _surface(apart, x.shape[-1])
    limits = torch.tensor(LIMITS, dtype=x.dtype).view(1, 3, 1, 1)
    low, high = (torch.tensor(bound, dtype=x.dtype) for bound in zip(*GAINS, strict=True))
    gain = (fits[1].deviation / fits[0].deviation).clamp(low, high).view(1, 3, 1, 1)
    colours = _logarithmic(x)
    around = colours - own
    reach = (TRIMMED * fits[0].deviation).view(1, 3, 1, 1)
    skin = around.clamp(-reach, reach)  # lips, teeth and eyes stay as far beyond it as they are
    shift = shift.clamp(-limits, limits)
    features = _soft(ours.features, x.shape[-1])
    moved = skin * gain + around - skin + own + torch.lerp(shift, _without_pigment(colours, own, shift), features)
    moved = moved + _feature_tints(moved, seen[1], ours.features, theirs.features)
    return 2.0 * (from_opponent(moved).exp() - DARKEST) - 1.0


def _feature_tints(
    colours: Float[Tensor, "1 3 s s"],
    photo: Float[Tensor, "1 3 m m"],
    ours: Float[Tensor, "1 1 m m"],
    theirs: Float[Tensor, "1 1 m m"],
) -> Float[Tensor, "1 3 s s"]:
    """What brings the mean tints of eyes with brows, and of the mouth, to the photo's; 0 where one is not seen.

    What has less of a tint than the mean, as teeth and the white of eyes have, is shifted as much less.

    Args:
        colours, photo: logarithmic colours.
        ours, theirs: eyes, brows and mouth.
    """
    size, side = ours.shape[-1], colours.shape[-1]
    upper = (torch.arange(size) < round(MOUTH * size)).to(ours)[:, None]
    small, shift = resized(colours, size), torch.zeros_like(colours)
    for half, limit in ((upper, EYE_TINT), (1.0 - upper, LIP_TINT)):
        regions = ours * half, theirs * half
        if min(float((region > 0.5).float().mean()) for region in regions) < LEAST_FEATURES:
            continue
        ours_mean, theirs_mean = (
            image[..., (region > 0.5)[0, 0]].mean(dim=-1) for image, region in zip((small, photo), regions, strict=True)
        )
        tints = (theirs_mean - ours_mean).clamp(-limit, limit)[..., None, None]
        tints[:, 0] = 0.0
        mean = ours_mean[..., None, None]
        tinted = (mean.sign() * colours / mean.abs().clamp_min(LITTLE)).clamp(0.0, 1.0)
        shift = shift + tints * tinted * _soft(regions[0], side)
    return shift


def _without_pigment(
    colours: Float[Tensor, "1 3 s s"], own: Float[Tensor, "1 3 s s"], shift: Float[Tensor, "1 3 s s"]
) -> Float[Tensor, "1 3 s s"]:
    """The shift for what has less of the skin's pigment: half of what lightens, and a tint's share that skin loses.

    Args:
        colours: lightness and tints.
        own: those of the skin there.
        shift: what is added to the skin's.
    """
    lightness, tints = shift.split([1, 2], dim=1)
    lightened = lightness - PIGMENT * lightness.clamp_min(0.0)
    lost = (-tints / own[:, 1:].clamp_min(LITTLE)).clamp(0.0, 1.0)
    return torch.cat([lightened, tints.clamp_min(0.0) - lost * colours[:, 1:].clamp_min(0.0)], dim=1)


def logarithms(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Logarithms of the colours of images in [-1, 1]: light and pigment, which multiply, become sums."""
    return ((x + 1.0) / 2.0 + DARKEST).log()


def _logarithmic(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """The same as lightness and tints."""
    return to_opponent(logarithms(x))


class _Fit(NamedTuple):
    """Of colours over a region: c + a u + b v, u and v from -1 to 1, and the spread around it; tints: c alone."""

    terms: Float[Tensor, "3 3"]
    deviation: Float[Tensor, "3"]


def _surface(terms: Float[Tensor, "3 3"], size: int) -> Float[Tensor, "1 3 size size"]:
    return torch.einsum("ok,khw->ohw", terms, _terms(size))[None]


def _fit(colours: Float[Tensor, "1 3 m m"], region: Bool[Tensor, "1 1 m m"]) -> _Fit:
    terms = _terms(colours.shape[-1])
    chosen = region[0, 0]
    for _ in range(3):
        design, values = terms[:, chosen].T, colours[0][:, chosen].T
        solution = torch.zeros(3, 3)
        solution[0] = values.mean(dim=0)
        solution[:, 0] = torch.linalg.lstsq(design, values[:, :1]).solution[:, 0]
        rest = values - design @ solution
        deviation = rest.square().mean(dim=0).sqrt().clamp_min(1e-3)
        near = (rest.abs() <= TRIMMED * deviation).all(dim=1)
        kept = chosen.clone()
        kept[chosen] = near
        chosen = kept
    return _Fit(solution.T, deviation)


def _terms(size: int) -> Float[Tensor, "3 size size"]:
    u = (torch.arange(size) + 0.5) / size * 2.0 - 1.0
    return torch.stack([torch.ones(size, size), u[None, :].expand(size, size), u[:, None].expand(size, size)])
