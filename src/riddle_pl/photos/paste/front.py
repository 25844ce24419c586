"""What lies before a face: strands of hair, leaves, coloured things. They stay where a new face comes behind them.

The photo's own pixels tell: what has not the colour of the skin, or is thin and dark on it, and hangs together with
what is no face. Eyes, brows, nostrils and lips are no skin, either; they hang together with nothing. A hand has the
colour of a face, and is not found.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from riddle_pl.photos.paste.flood import flooded
from riddle_pl.photos.paste.mask import shrink, widen
from riddle_pl.photos.paste.opponent import to_opponent

FOREIGN = 0.2
"""Difference of a tint from the skin's, for values in [-1, 1], from which a pixel is no skin; and"""
UNLIKELY = 4.0
"""in deviations of the skin's tints."""
THIN = 0.016
"""Half the width of the widest strand, as a share of the side."""
CONTRAST = 0.22
"""Difference of lightness from the skin beside it from which a thin dark thing is a strand."""
TOUCH = 0.012
"""How near to what is no face a thing must come to hang together with it, as a share of the side."""
LEAST, MOST = 0.02, 0.3
"""Share of the square below which no face is seen; share of the face from which it is the light that has colours."""
FEATURES = (((0.36, 0.56), (0.24, 0.76)), ((0.55, 0.85), (0.34, 0.66)))
"""Rows and columns of eyes with brows, and of nostrils with mouth, of an FFHQ crop, where dark things are theirs."""


def in_front(photo: Float[Tensor, "1 3 s s"], face: Bool[Tensor, "s s"]) -> Bool[Tensor, "s s"]:
    """The pixels of things before a face.

    Args:
        photo: aligned, in [-1, 1].
        face: where it is, with what covers it.
    """
    side = photo.shape[-1]
    if float(face.float().mean()) < LEAST:
        return torch.zeros_like(face)
    colours = to_opponent(photo)
    tints = colours[0, 1:]
    skin = tints[:, face].median(dim=1).values[:, None, None]
    apart = (tints - skin).abs()
    spread = apart[:, face].median(dim=1).values[:, None, None] / 0.6745
    foreign = ((apart > FOREIGN) & (apart > UNLIKELY * spread)).any(dim=0) & face
    light, reach = colours[:, :1], round(THIN * side)
    strand = ((shrink(widen(light, reach), reach) - light)[0, 0] > CONTRAST) & face & ~_features(side)
    beside = widen((~face)[None, None].float(), round(TOUCH * side))[0, 0] > 0
    found = flooded(beside & foreign, foreign) | flooded(beside & (foreign | strand), foreign | strand)
    return found if float(found.sum()) <= MOST * float(face.sum()) else torch.zeros_like(face)


def _features(side: int) -> Bool[Tensor, "side side"]:
    where = torch.zeros(side, side, dtype=torch.bool)
    for box in FEATURES:
        rows, columns = (slice(round(low * side), round(high * side)) for low, high in box)
        where[rows, columns] = True
    return where
