"""Parses that may be wrong: where pieces of a face are not seen as face, it is parsed again, smaller and mirrored.

The face of few pixels that was enlarged is blurred for BiSeNet, which then takes parts of it for background, cloth or a
hat; what of the old face is outside the mask would stay in the photo. A hand or a cup before a face is seen each time.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from riddle_pl.networks.resize import resize
from riddle_pl.photos.paste.mask import BISENET_EARLESS, shrink, whole_face, widen

BITTEN = 0.01
"""Area of the missing pieces from which a parse is doubted, as a share of the face's."""
GAP = 0.08
"""Half width of the widest piece that is noticed, as a share of the side."""
SEEN = 0.25
"""Probability from which another thing counts as seen, if that of the face is not larger: the rest is hair."""
COARSE = 128
"""Side in pixels at which pieces are looked for."""
SMALLER = 0.625
"""Side of the smaller face, as a share of the image's."""
ELSEWHERE = (0, 9, 15, 16, 18)
"""Classes of ``79999_iter.pth`` that no face is made of: background, jewellery, cloth and hat."""
MIRRORED = (0, 1, 3, 2, 5, 4, 6, 8, 7, *range(9, 19))
"""The class that each is in the mirror image: left and right brows, eyes and ears."""

Classes = Float[Tensor, "b 19 m m"]
Parse = Callable[[Tensor], Classes]
"""Probabilities of BiSeNet's classes for images in [-1, 1]."""


def certain_classes(parse: Parse, x: Float[Tensor, "b 3 h h"]) -> Classes:
    """What a parser sees; where that is doubtful, the mean of it and of further parses, while it is doubtful.

    Args:
        parse: BiSeNet's.
        x: aligned faces in [-1, 1].
    """
    return torch.cat([_certain(parse, face) for face in x.split(1)])


def bitten(classes: Float[Tensor, "1 19 m m"]) -> float:
    """Area of what is seen as another thing between parts of the face, as a share of the face's."""
    side = min(COARSE, classes.shape[-1])
    face, elsewhere = (
        resize(classes[:, kinds].sum(dim=1, keepdim=True), (side, side)) for kinds in (BISENET_EARLESS, ELSEWHERE)
    )
    whole = whole_face(face)
    gap = round(GAP * side)
    closed = shrink(widen(F.pad(whole, (gap,) * 4), gap), gap)[..., gap:-gap, gap:-gap]
    missing = closed * (1.0 - whole) * (elsewhere >= face.clamp_min(SEEN))
    return float(missing.sum() / whole.sum().clamp_min(1.0))


def _certain(parse: Parse, x: Float[Tensor, "1 3 h h"]) -> Float[Tensor, "1 19 m m"]:
    total, parses = parse(x), 1
    for again in (_smaller(parse), _mirrored(parse), _mirrored(_smaller(parse))):
        if bitten(total / parses) <= BITTEN:
            break
        total, parses = total + again(x), parses + 1
    return total / parses


def _smaller(parse: Parse) -> Parse:
    """With the face smaller in the middle, its border continued."""

    def parsed(x: Tensor) -> Classes:
        size = x.shape[-1]
        side = round(SMALLER * size)
        low = (size - side) // 2
        shown = F.pad(resize(x, (side, side)), (low, size - side - low) * 2, mode="replicate")
        seen = parse(shown)
        full = seen.shape[-1]
        inner = slice(round(low / size * full), round((low + side) / size * full))
        return resize(seen[..., inner, inner], (full, full))

    return parsed


def _mirrored(parse: Parse) -> Parse:
    return lambda x: parse(x.flip(-1)).flip(-1)[:, MIRRORED]
