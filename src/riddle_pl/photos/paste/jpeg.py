"""The traces of JPEG in a photo, for a face that is pasted into it."""

import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image

BLOCK = 8
"""Pixels."""
QUALITIES = range(10, 100, 5)
"""That are told apart, the lowest first."""
LEFT = 0.5
"""Share of the change by compression that is left, on the photo's own grid, if it was compressed like that before."""
WINDOW = 256
"""Side of what is looked at, in pixels, at most."""
LEAST = 4 * BLOCK
"""Side of a face in pixels below which nothing is told."""
ROUNDING = 0.05
"""Grey levels that a change by rounding alone comes to."""

Pixels = UInt8[np.ndarray, "h w 3"]


def with_traces(photo: Pixels, pasted: Pixels) -> Pixels:
    """The pasted picture, in which what was pasted went through JPEG as the photo did.

    It is compressed on the photo's own grid, with the quality that the photo shows. Pixels that nothing was pasted over
    stay as they are, and so does all of a photo without traces: never compressed, or made smaller since.

    Args:
        photo: before anything was pasted.
        pasted: of the same size.
    """
    changed = (photo != pasted).any(axis=-1)
    if not changed.any():
        return pasted
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    top, left = (int(found[0]) // BLOCK * BLOCK for found in (rows, columns))
    place = np.s_[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    quality = quality_of(_middle(photo[place]))
    if quality is None:
        return pasted
    result = pasted.copy()
    inside = changed[place]
    result[place][inside] = _compressed(pasted[place], quality)[inside]
    return result


def quality_of(picture: Pixels) -> int | None:
    """The quality of the JPEG that a picture was, as Pillow counts it; None where nothing tells.

    What was quantised once hardly changes when it is quantised alike again, on the same grid of blocks; on a grid that
    lies four pixels beside it changes as any picture does.

    Args:
        picture: its first pixel is the first of a block.

    Source: Farid, "Exposing digital forgeries from JPEG ghosts", IEEE TIFS 4(1), 2009.
    """
    light = np.asarray(Image.fromarray(picture).convert("L"))
    if min(light.shape) < LEAST:
        return None
    beside = light[BLOCK // 2 :, BLOCK // 2 :]
    last: tuple[int | None, float] = (None, LEFT)
    for quality in QUALITIES:  # finer ones hardly change it either, so that the first low is taken
        left = _change(light, quality) / _change(beside, quality)
        if last[0] is not None and left >= last[1]:
            break
        if left < last[1]:
            last = (quality, left)
    return last[0]


def _middle(picture: Pixels) -> Pixels:
    rows, columns = (max(0, side - WINDOW) // 2 // BLOCK * BLOCK for side in picture.shape[:2])
    return picture[rows : rows + WINDOW, columns : columns + WINDOW]


def _change(light: UInt8[np.ndarray, "h w"], quality: int) -> float:
    """Mean, in grey levels."""
    return ROUNDING + float(np.abs(_compressed(light, quality).astype(np.float32) - light).mean())


def _compressed(picture: UInt8[np.ndarray, "h w *c"], quality: int) -> UInt8[np.ndarray, "h w *c"]:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held, formats=("JPEG",)))
