"""Colours of a pasted face, brought to those of its photo at the seam. See ``skin_colour`` for those inside.

The shift is made of what lies *outside* the mask alone, where a photo keeps its pixels: so it tells nothing about the
face that was there. It is as well defined when a recovered face goes back into an encrypted photo, whose original face
is not available, as it was when the photo was encrypted.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.paste.mask import blur
from riddle_pl.photos.paste.views import Views

SIDE = 64
"""Grid on which the shift is computed; it is smooth."""
WIDTHS = (0.12, 0.035)
"""Deviations of the Gaussians that carry the seam's differences inwards, as shares of the side, wide ones first."""
TOLERANCE = 0.15
"""Difference in [-1, 1] from which photo and face are taken for different things (hair beside skin), not to be met."""
LIMIT = 0.3
"""Largest shift."""
_LITTLE = 0.05


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

    def __call__(self, views: Views, mask: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 3 s s"]:
        """
        Args:
            views: a face and the square of the photo that it goes to.
            mask: where it will be pasted.
        """
        ...


class MatchSeam:
    """:func:`match_seam`: nothing of the photo's face is looked at."""

    def __call__(self, views: Views, mask: Float[Tensor, "1 1 m m"]) -> Float[Tensor, "1 3 s s"]:
        return match_seam(views.x, mask, views.photo)
