"""Sharpness and noise of a pasted face, brought to those of its photo."""

import math
from bisect import bisect_left
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from riddle_pl.faces.align import align_face, quad_side
from riddle_pl.photos.paste.jpeg import with_traces
from riddle_pl.photos.paste.mask import blur

LARGEST = 1024
"""Side of the square at which faces are compared with their photo, in pixels, at most; larger ones are enlarged."""
BLURS = (0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.45, 1.75, 2.1, 2.5)
"""Deviations in pixels of the blurs that are tried, narrow ones first."""
SHARPENED = (0.2, 0.4, 0.6, 0.8)
"""Shares of what a blur of one pixel takes away that are added, in turn, to a face that is too soft."""
NOISE_BLURS = (0.0, 0.5, 0.8, 1.2)
"""Deviations in pixels of the blurs of the noise that is added; one of them is taken."""
FLAT = 0.5
"""Share of the pixels that count as flat: those with the least structure around them."""
MOST_NOISE = 0.12
"""Deviation of the noise that is added at most, in [-1, 1]."""
LEAST_PIXELS = 500
"""Of the face, below which nothing is compared."""


class GrainMatch(Protocol):
    """Brings sharpness and noise of a face to those of its photo."""

    def __call__(
        self,
        x: Float[Tensor, "1 3 s s"],
        mask: Float[Tensor, "1 1 m m"],
        photo: UInt8[np.ndarray, "h w 3"],
        quad: Float[np.ndarray, "4 2"],
    ) -> Float[Tensor, "1 3 t t"]:
        """
        Args:
            x: a face in [-1, 1].
            mask: where it will be pasted.
            photo: the photo.
            quad: its square there.
        """
        ...

    def finish(
        self, photo: UInt8[np.ndarray, "h w 3"], pasted: UInt8[np.ndarray, "h w 3"]
    ) -> UInt8[np.ndarray, "h w 3"]:
        """The photo with its new faces, in the end; only their pixels may change.

        Args:
            photo: before.
            pasted: with them.
        """
        ...


class KeepGrain:
    """As it is drawn."""

    def finish(
        self, photo: UInt8[np.ndarray, "h w 3"], pasted: UInt8[np.ndarray, "h w 3"]
    ) -> UInt8[np.ndarray, "h w 3"]:
        return pasted

    def __call__(
        self,
        x: Float[Tensor, "1 3 s s"],
        mask: Float[Tensor, "1 1 m m"],
        photo: UInt8[np.ndarray, "h w 3"],
        quad: Float[np.ndarray, "4 2"],
    ) -> Float[Tensor, "1 3 t t"]:
        return x


class MatchGrain:
    """The new face is blurred, or sharpened, until it is as sharp as the one in the photo, and gets its noise.

    Both are measured at the photo's own pixels, under the mask. That tells three numbers of the photo, which it tells
    around the face too. The noise is the same in every run: it holds nothing. Where the photo shows traces of
    JPEG, the new face gets the same.
    """

    def finish(
        self, photo: UInt8[np.ndarray, "h w 3"], pasted: UInt8[np.ndarray, "h w 3"]
    ) -> UInt8[np.ndarray, "h w 3"]:
        return with_traces(photo, pasted)

    def __call__(
        self,
        x: Float[Tensor, "1 3 s s"],
        mask: Float[Tensor, "1 1 m m"],
        photo: UInt8[np.ndarray, "h w 3"],
        quad: Float[np.ndarray, "4 2"],
    ) -> Float[Tensor, "1 3 t t"]:
        side = max(1, min(round(quad_side(quad)), LARGEST))
        if side > x.shape[-1] * 2:
            return x
        inside = F.interpolate(mask, (side, side), mode="bilinear", align_corners=False)[0, 0] > 0.9
        if int(inside.sum()) < LEAST_PIXELS:
            return x
        theirs = look(align_face(photo, quad, side), inside)
        return _with_noise(*_as_sharp(_sized(x, side), theirs, inside), theirs)


class Look(NamedTuple):
    """Of a face, in [-1, 1] of its lightness.

    Attributes:
        detail: deviation of the structure of about two to four pixels, without the noise.
        fine: deviation of the noise from pixel to pixel.
        coarse: that of the noise at twice the size.
    """

    detail: float
    fine: float
    coarse: float


def look(x: Float[Tensor, "1 c s s"], inside: Bool[Tensor, "s s"]) -> Look:
    """Sharpness and noise where ``inside`` (s, s) is true.

    Noise is what the flat half of the face shows in the diagonal band of the Haar wavelet, by its median (Donoho and
    Johnstone 1994); structure is what the coarser bands show beyond it.
    """
    light = x.mean(dim=1, keepdim=True)
    bands, low = _haar(light)
    area = _halved(inside)
    activity = blur(bands.abs().sum(dim=1, keepdim=True), 2.0)[0, 0]
    flat = area & (activity <= activity[area].quantile(FLAT))
    fine = _deviation(bands[0, 2][flat])
    bands_2, _ = _haar(low / 2.0)
    area_2, flat_2 = _halved(area), _halved(flat)
    coarse = _deviation(bands_2[0, 2][flat_2 if int(flat_2.sum()) > LEAST_PIXELS // 16 else area_2])
    energy = float(bands[0, :2].square().mean(dim=0)[area].mean())
    return Look(math.sqrt(max(energy - fine**2, 1e-8)), fine, coarse)


def _as_sharp(
    face: Float[Tensor, "1 3 s s"], theirs: Look, inside: Bool[Tensor, "s s"]
) -> tuple[Float[Tensor, "1 3 s s"], Look]:
    """The face blurred, or sharpened, and what is seen of it then. What is tried is tried on its lightness."""
    light = face.mean(dim=1, keepdim=True)
    ours = look(light, inside)
    if ours.detail > theirs.detail:

        def gained(deviation: float) -> float:
            return -look(blur(light, deviation), inside).detail

        enough = bisect_left(BLURS, -theirs.detail, key=gained)
        deviation = BLURS[min(enough, len(BLURS) - 1)]
        face, light = blur(face, deviation), blur(light, deviation)
        ours = look(light, inside)
    fine, chosen = light - blur(light, 1.0), 0.0
    for share in SHARPENED:
        if ours.detail >= theirs.detail:
            break
        chosen, ours = share, look(light + share * fine, inside)
    return (face + chosen * (face - blur(face, 1.0)) if chosen else face), ours


@cache
def _noise_looks() -> list[Look]:
    """What is seen of noise of deviation 1 after each of ``NOISE_BLURS``, as far as it is lightness."""
    light = _white(256).mean(dim=1, keepdim=True)
    everywhere = torch.ones(256, 256, dtype=torch.bool)
    return [look(blur(light, deviation) if deviation else light, everywhere) for deviation in NOISE_BLURS]


def _white(side: int) -> Float[Tensor, "1 3 side side"]:
    """Noise of every pixel's own, mostly of lightness, as after a camera's own denoising; the same in every run."""
    white = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    return 0.85 * white[:, :1] + 0.53 * white


def _with_noise(face: Float[Tensor, "1 3 s s"], ours: Look, theirs: Look) -> Float[Tensor, "1 3 s s"]:
    """Noise that lifts both of the face's measures to the photo's: white noise, blurred as far as theirs is."""
    fine, coarse = (
        math.sqrt(max(a**2 - b**2, 0.0)) for a, b in ((theirs.fine, ours.fine), (theirs.coarse, ours.coarse))
    )
    if max(fine, coarse) < 1e-3:
        return face
    seen = _noise_looks()
    wanted = coarse / max(fine, 1e-4)
    best = min(range(len(seen)), key=lambda k: abs(math.log((seen[k].coarse / seen[k].fine) / max(wanted, 1e-4))))
    strength = min(math.sqrt((fine**2 + coarse**2) / (seen[best].fine ** 2 + seen[best].coarse ** 2)), MOST_NOISE)
    noise = _white(face.shape[-1])
    if NOISE_BLURS[best]:
        noise = blur(noise, NOISE_BLURS[best])
    return (face + strength * noise).clamp(-1.0, 1.0)


def _haar(x: Float[Tensor, "1 1 s s"]) -> tuple[Float[Tensor, "1 3 t t"], Float[Tensor, "1 1 t t"]]:
    """The three bands of detail and the low one; white noise keeps its deviation."""
    even = x[..., : x.shape[-2] // 2 * 2, : x.shape[-1] // 2 * 2]
    a, b, c, d = even[..., ::2, ::2], even[..., ::2, 1::2], even[..., 1::2, ::2], even[..., 1::2, 1::2]
    return torch.cat([a - b + c - d, a + b - c - d, a - b - c + d], dim=1) / 2.0, (a + b + c + d) / 2.0


def _halved(area: Bool[Tensor, "s s"]) -> Bool[Tensor, "t t"]:
    return F.avg_pool2d(area[None, None].float(), 2)[0, 0] > 0.99


def _deviation(values: Float[Tensor, "n"]) -> float:
    """Of a normal distribution with the same median of absolute values."""
    return float(values.abs().median()) / 0.6745 if len(values) else 0.0


def _sized(x: Float[Tensor, "1 3 s s"], side: int) -> Float[Tensor, "1 3 side side"]:
    if x.shape[-1] == side:
        return x
    return F.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(-1.0, 1.0)
