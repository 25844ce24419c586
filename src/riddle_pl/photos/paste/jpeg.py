"""The blocks of a strongly compressed JPEG, for a face that is pasted into one."""

import io

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

BLOCK = 8
"""Pixels."""
SEEN = 1.15
"""Blockiness from which a photo shows its blocks."""
QUALITIES = (75, 60, 45, 35, 25, 15, 10)
"""That are tried, the best first."""
LEAST_PIXELS = 500
"""Of a face, below which nothing is compared."""

Pixels = UInt8[np.ndarray, "h w 3"]


def with_blocks(photo: Pixels, pasted: Pixels) -> Pixels:
    """The pasted picture, in which what was pasted is as blocky as the photo was there.

    It is compressed on the photo's own grid at the best of ``QUALITIES`` that shows as much of the blocks. Pixels that
    nothing was pasted over stay as they are, and so does a picture of a photo without visible blocks.

    Args:
        photo: before anything was pasted.
        pasted: of the same size.
    """
    changed = (photo != pasted).any(axis=-1)
    if int(changed.sum()) < LEAST_PIXELS:
        return pasted
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    top, left = (int(found[0]) // BLOCK * BLOCK for found in (rows, columns))
    place = np.s_[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    inside, part = changed[place], pasted[place]
    wanted = blockiness(photo[place], inside)
    if wanted < SEEN:
        return pasted
    coded = part
    for quality in QUALITIES:
        coded = _compressed(part, quality)
        if blockiness(coded, inside) >= wanted:
            break
    result = pasted.copy()
    result[place][inside] = coded[inside]
    return result


def blockiness(picture: Pixels, inside: Bool[np.ndarray, "h w"]) -> float:
    """How much larger steps of lightness are across the edges of blocks than within them; about 1 without JPEG.

    Args:
        picture: its first pixel is the first of a block.
        inside: where it is measured.

    Source: the measure of Wang, Sheikh and Bovik, "No-reference perceptual quality assessment of JPEG compressed
    images", ICIP 2002, as a ratio.
    """
    light = picture.astype(np.float64).mean(axis=-1)
    across = within = 0.0
    for values, where in ((light, inside), (light.T, inside.T)):
        steps, both = np.abs(np.diff(values, axis=1)), where[:, 1:] & where[:, :-1]
        edge = np.arange(1, values.shape[1]) % BLOCK == 0
        across += _mean(steps[:, edge], both[:, edge])
        within += _mean(steps[:, ~edge], both[:, ~edge])
    return across / max(within, 1e-6)


def _mean(values: Float[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"]) -> float:
    return float(values[where].mean()) if where.any() else 0.0


def _compressed(picture: Pixels, quality: int) -> Pixels:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held))
