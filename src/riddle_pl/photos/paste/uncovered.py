"""Glasses that stand out from the photo's head go with its face: what is around them is continued over them."""

import torch
from jaxtyping import Float
from torch import Tensor

from riddle_pl.photos.paste.fill import fill
from riddle_pl.photos.paste.fitted import FEATHER, SOLID
from riddle_pl.photos.paste.flood import flooded
from riddle_pl.photos.paste.mask import blur, fade, widen
from riddle_pl.photos.paste.regions import Regions, resized

REACH, WIDER = 0.07, 0.012
"""How far from what the parser sees of it the rest of a frame is looked for, and the width of its shadow. Shares of the
side."""
AROUND = 0.04
"""How far around the face the photo is not taken for what is behind glasses: edges of brows and hair, shadows."""
APART = 0.12
"""By how much a frame differs from what is around it, in [-1, 1]."""


def uncovered(
    x: Float[Tensor, "1 3 s s"],
    mask: Float[Tensor, "1 1 m m"],
    photo: Float[Tensor, "1 3 m m"],
    theirs: Regions,
) -> tuple[Float[Tensor, "1 3 s s"], Float[Tensor, "1 1 m m"]]:
    """A new face with what is behind the glasses beside it, and the mask of both; both as given where there are none.

    Args:
        x: the new face in [-1, 1].
        mask: its own.
        photo: the aligned photo in [-1, 1], of a side that is a power of two.
        theirs: regions of the photo.
    """
    if not bool((theirs.glasses > 0.5).any()):
        return x, mask
    size, side = mask.shape[-1], x.shape[-1]
    seen, face = ((region > 0.5).float() for region in (theirs.glasses, theirs.face))
    near = widen(seen, round(REACH * size)) * (1.0 - face)
    behind = fill(photo, 1.0 - torch.maximum(near, widen(face, round(AROUND * size))))
    apart = ((photo - behind).abs().mean(dim=1, keepdim=True) > APART) * near
    frame = flooded(seen[0, 0] > 0, torch.maximum(seen, apart)[0, 0] > 0).to(x)[None, None]
    covered = blur(widen(frame, round(WIDER * size)), FEATHER * size) * fade(size, SOLID)
    both = 1.0 - (1.0 - mask) * (1.0 - covered)
    share = covered * (1.0 - mask) / both.clamp_min(1e-6)
    return torch.lerp(x, resized(behind, side), resized(share, side)), both
