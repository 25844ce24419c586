"""Black and white in, black and white out."""

import numpy as np
from jaxtyping import UInt8

Pixels = UInt8[np.ndarray, "h w 3"]

SPREAD = 3
"""Grey levels by which red, green and blue of a black-and-white photo may differ: what JPEG makes of equal ones."""
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""


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
