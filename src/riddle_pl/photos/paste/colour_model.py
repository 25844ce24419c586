"""What a small network drew, corrected by the colours that the picture itself shows of each class.

A parser of 64 px puts the line between cheek and background a few pixels off. The colours tell: those of each class
are counted where the parser is sure, and near its lines they decide together with it, as in one step of GrabCut.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.paste.mask import blur

BINS = 8
"""Of the histograms, along red, green and blue."""
DOUBT = 0.04
"""Deviation of the blur of the maps: how far the parser's lines may be off, as a share of the side."""
LEAST, SURE = 0.03, 0.995
"""Probability that colours can raise, and from which they change nothing."""
UNSEEN = 1e-4
"""Density of a colour that a class does not show."""


def by_colours(maps: Float[Tensor, "b c m m"], picture: Float[Tensor, "b 3 m m"]) -> Float[Tensor, "b c m m"]:
    """Probabilities of classes, from the parser's and from the colours.

    Source of the idea: Rother, Kolmogorov, Blake, "GrabCut", SIGGRAPH 2004; here with histograms, one step, no graph.

    Args:
        maps: probabilities of all that there is, in [0, 1].
        picture: what they are of, in [-1, 1].
    """
    near = blur(maps, DOUBT * maps.shape[-1])
    given = torch.where(near > SURE, torch.ones_like(near) / LEAST, near.clamp_min(LEAST))
    likely = given * torch.stack([_likelihood(*one) for one in zip(maps, picture, strict=True)])
    return likely / likely.sum(dim=1, keepdim=True)


def _likelihood(maps: Float[Tensor, "c m m"], picture: Float[Tensor, "3 m m"]) -> Float[Tensor, "c m m"]:
    """Of each pixel's colour in each class, with sum 1."""
    red, green, blue = ((picture + 1.0) / 2.0 * BINS).long().clamp(0, BINS - 1)
    places = (red * BINS + green) * BINS + blue
    counts = torch.zeros(len(maps), BINS**3).index_add_(1, places.flatten(), maps.flatten(1).square())
    counts = F.pad(counts.view(1, -1, BINS, BINS, BINS), (1,) * 6, mode="replicate")
    smooth = F.avg_pool3d(counts, 3, stride=1)[0].flatten(1)
    density = smooth / smooth.sum(dim=1, keepdim=True).clamp_min(1e-6) + UNSEEN
    found = density[:, places.flatten()].view_as(maps)
    return found / found.sum(dim=0)
