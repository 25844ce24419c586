"""Colours of a pasted face, brought to those of its photo: at the seam, or in mean and spread.

At the seam the shift is made of what lies *outside* the mask alone, where a photo keeps its pixels: so it tells nothing
about the face that was there. Either way it is as well defined when a recovered face goes back into an encrypted photo,
whose original face is not available, as it was when the photo was encrypted.
"""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.mask import FaceMap, blur

SIDE = 64
"""Grid on which the shift is computed; it is smooth."""
WIDTHS = (0.12, 0.035)
"""Deviations of the Gaussians that carry the seam's differences inwards, as shares of the side, wide ones first."""
TOLERANCE = 0.15
"""Difference in [-1, 1] from which photo and face are taken for different things (hair beside skin), not to be met."""
LIMIT = 0.3
"""Largest shift."""
_LITTLE = 0.05
MOST_CONTRAST = 1.3
"""Times that the spread of a face's colours is changed at most."""
SKIN_EDGE = 0.015
"""Deviation of the blur of the skin's edge, as a share of the side."""
LEAST_SKIN = 0.05
"""Share of the square below which no face is seen."""
COLOURLESS = 0.02
"""Mean difference of the largest and the smallest of a pixel's three values, in [0, 2], below which a photo is grey."""


def match_seam(
    x: Float[Tensor, "b 3 s s"], mask: Float[Tensor, "b 1 m m"], photo: Float[Tensor, "b 3 h h"]
) -> Float[Tensor, "b 3 s s"]:
    """The faces with their colours shifted, smoothly over the image, towards those of the photo around the mask.

    Args:
        x: synthesised faces in [-1, 1].
        mask: where they will be pasted.
        photo: the aligned photos; only where ``mask`` is 0 are they looked at.
    """
    theirs, ours = (F.interpolate(image, (SIDE, SIDE), mode="bilinear", antialias=True) for image in (photo, x))
    outside = 1.0 - F.max_pool2d((F.adaptive_max_pool2d(mask, SIDE) > 0).float(), 3, 1, 1)
    difference = theirs - ours
    near = torch.exp(-(difference.square().mean(dim=1, keepdim=True)) / (2 * TOLERANCE**2)) * outside
    shift = torch.zeros_like(difference)
    for width in WIDTHS:
        weight = blur(near, width * SIDE)
        shift = (blur(near * difference, width * SIDE) + _LITTLE * shift) / (weight + _LITTLE)
    shift = F.interpolate(shift.clamp(-LIMIT, LIMIT), x.shape[-2:], mode="bicubic", antialias=True)
    return (x + shift).clamp(-1.0, 1.0)


class ColourMatch(Protocol):
    """Brings the colours of synthesised faces to those of their photo."""

    def __call__(
        self, x: Float[Tensor, "1 3 s s"], mask: Float[Tensor, "1 1 m m"], photo: Float[Tensor, "1 3 h h"]
    ) -> Float[Tensor, "1 3 s s"]:
        """
        Args:
            x: a face in [-1, 1].
            mask: where it will be pasted.
            photo: the same square of the photo.
        """
        ...


class MatchSeam:
    """:func:`match_seam`: nothing of the photo's face is looked at."""

    def __call__(
        self, x: Float[Tensor, "1 3 s s"], mask: Float[Tensor, "1 1 m m"], photo: Float[Tensor, "1 3 h h"]
    ) -> Float[Tensor, "1 3 s s"]:
        return match_seam(x, mask, photo)


class MatchSkin:
    """The new face gets the mean and the spread of the colours of the one that it replaces.

    Mean and spread are six numbers that neck, hands and light of the photo tell, too. The picture keeps them, so that a
    recovered face is brought to them as well. In a photo without colours the face has none.

    Args:
        face_map: tells the face from the rest in both images.
    """

    def __init__(self, face_map: FaceMap):
        self.face_map = face_map

    def __call__(
        self, x: Float[Tensor, "1 3 s s"], mask: Float[Tensor, "1 1 m m"], photo: Float[Tensor, "1 3 h h"]
    ) -> Float[Tensor, "1 3 s s"]:
        ours, theirs = (_statistics(image, self.face_map) for image in (x, photo))
        if ours is None or theirs is None:
            return x
        gain = (theirs.deviation / ours.deviation).clamp(1.0 / MOST_CONTRAST, MOST_CONTRAST)
        shift = (theirs.mean - ours.mean).clamp(-LIMIT, LIMIT)
        matched = (x - ours.mean) * gain + ours.mean + shift
        skin = blur(F.interpolate(ours.skin, x.shape[-2:], mode="bilinear"), SKIN_EDGE * x.shape[-1]).clamp(0.0, 1.0)
        result = torch.lerp(x, matched, skin)
        if (photo.amax(dim=1) - photo.amin(dim=1)).mean() < COLOURLESS:
            result = result.mean(dim=1, keepdim=True).expand_as(result)
        return result.clamp(-1.0, 1.0)


class _Statistics(NamedTuple):
    skin: Float[Tensor, "1 1 m m"]
    mean: Float[Tensor, "1 3 1 1"]
    deviation: Float[Tensor, "1 3 1 1"]


def _statistics(x: Float[Tensor, "1 3 h h"], face_map: FaceMap) -> _Statistics | None:
    """Of the face's colours; None where hardly any face is seen."""
    skin = (face_map(x) > 0.5).float()
    if skin.mean() < LEAST_SKIN:
        return None
    small = F.interpolate(x, skin.shape[-2:], mode="bilinear", antialias=True)
    mean = (small * skin).sum(dim=(2, 3), keepdim=True) / skin.sum()
    variance = ((small - mean).square() * skin).sum(dim=(2, 3), keepdim=True) / skin.sum()
    return _Statistics(skin, mean, variance.sqrt().clamp_min(1e-3))
