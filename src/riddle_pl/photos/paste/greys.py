"""Black and white in, black and white out.

A new face loses its colours where its photo shows hardly any; what is pasted into a photo that has none at all is grey
to the last pixel.
"""

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

Pixels = UInt8[np.ndarray, "h w 3"]

SPREAD = 3
"""Grey levels by which red, green and blue of a black-and-white photo may differ: what JPEG makes of equal ones."""
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""
COLOURLESS = 0.02
"""Mean difference of the largest and the smallest of a pixel's three values, in [0, 2], below which a photo is grey."""


def is_grey(photo: Pixels) -> bool:
    """Whether a photo is black and white."""
    return bool(np.ptp(photo[::8, ::8], axis=-1).max() <= SPREAD and np.ptp(photo, axis=-1).max() <= SPREAD)


def grey_as(photo: Pixels, changed: Pixels) -> UInt8[np.ndarray, "h w 3"]:
    """A changed version of a photo; where the photo is black and white, in greys where it was changed."""
    if not is_grey(photo):
        return changed
    places = (photo != changed).any(axis=-1)
    result = changed.copy()
    result[places] = np.round(changed[places] @ np.array(LUMA))[:, None].astype(np.uint8)
    return result


def as_grey(x: Float[Tensor, "b 3 s s"], photo: Float[Tensor, "b 3 h h"]) -> Float[Tensor, "b 3 s s"]:
    """The faces without colours if their photo has none, else as they are; both in [-1, 1]."""
    if (photo.amax(dim=1) - photo.amin(dim=1)).mean() >= COLOURLESS:
        return x
    return x.mean(dim=1, keepdim=True).expand_as(x)
