"""Recovered faces back into their photo.

The original photo is not at hand any more, so nothing here may depend on it: the mask comes from the picture as it is,
which shows the encrypted face, and from the recovered one, and reaches a little further than in encryption, to leave
nothing of the encrypted face around the recovered one; the colours are matched outside that mask.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from riddle_pl.errors import PhotoError
from riddle_pl.faces.align import quad_side
from riddle_pl.faces.pixels import to_pixels
from riddle_pl.key import derive_key
from riddle_pl.photos.face_coder import FaceCoder
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.placement import Placement
from riddle_pl.photos.record.record import Record
from riddle_pl.photos.record.sealing import Patch

BLANK = 255
"""Grey level where an original shown alone has no pixels."""


def face_keys(record: Record, password: str, passwords: Mapping[int, str], chosen: Sequence[int]) -> list[bytes]:
    """The keys of some faces, in their order; each distinct password is derived once."""
    texts = [passwords.get(index, password) for index in chosen]
    keys = {text: derive_key(text, record.kdf) for text in dict.fromkeys(texts)}
    return [keys[text] for text in texts]


def recover(
    record: Record,
    keys: Sequence[bytes],
    chosen: Sequence[int],
    photo: UInt8[np.ndarray, "h w 3"] | None,
    coder: FaceCoder,
    brush: Brush,
) -> UInt8[np.ndarray, "h2 w2 3"]:
    """The recovered faces of a deniable record in their photo; without it side by side."""
    nonces = [record.faces[index].nonce for index in chosen]
    w_pwd = torch.cat([coder.password(key, nonce) for key, nonce in zip(keys, nonces, strict=True)])
    w_dec = coder.transform(record.w_enc[list(chosen)], w_pwd, record.contexts(chosen))
    if photo is None:
        return side_by_side([to_pixels(face) for face in coder.synthesise(w_dec)])
    return exchange(record, chosen, w_dec, photo, coder, brush)


def exchange(
    record: Record,
    chosen: Sequence[int],
    w_new: Float[Tensor, "b n 512"],
    photo: UInt8[np.ndarray, "h w 3"],
    coder: FaceCoder,
    brush: Brush,
) -> UInt8[np.ndarray, "h w 3"]:
    """The photo with other faces in place of the record's encrypted ones.

    Args:
        chosen: indices in the record of the faces that change.
        w_new: their new codes.
    """
    quads = [record.faces[index].quad for index in chosen]
    drawn = coder.synthesise_for(w_new, [quad_side(quad) for quad in quads])
    layers = [brush.layer(photo, quad, x, recovering=True) for quad, x in zip(quads, drawn, strict=True)]
    others = [face.quad for index, face in enumerate(record.faces) if index not in set(chosen)]
    return brush.paste(photo, layers, others)


def unsealed(record: Record, keys: Sequence[bytes], chosen: Sequence[int]) -> list[Patch]:
    """The original pixels of some faces of a sealed record.

    Raises:
        PasswordError, RecordError: see :meth:`Record.unseal`.
    """
    return [record.unseal(key, index) for index, key in zip(chosen, keys, strict=True)]


def still_there(record: Record, chosen: Sequence[int]) -> list[int]:
    """Those faces whose middle lies inside of the record's picture, of which a part may be left only.

    Raises:
        PhotoError: none does.
    """
    size = np.array(record.image_size)
    middles = {index: record.faces[index].quad.mean(axis=0) for index in chosen}
    left = [index for index, middle in middles.items() if (middle >= 0).all() and (middle <= size).all()]
    if not left:
        raise PhotoError("the part of the picture that is left shows none of these faces; ask for the face alone")
    return left


def restore(
    photo: UInt8[np.ndarray, "h w 3"], patches: Sequence[Patch], placement: Placement | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of the photo with original pixels put back, bit for bit; resampled where it was scaled."""
    result = photo.copy()
    if placement is not None and not placement.unchanged:
        for patch in patches:
            result = placement.paste(patch, result)
        return result
    for patch in patches:
        height, width, _ = patch.pixels.shape
        place = result[patch.top : patch.top + height, patch.left : patch.left + width]
        marked = _marked(patch)
        place[marked] = patch.pixels[..., :3][marked]
    return result


def originals_alone(patches: Sequence[Patch]) -> UInt8[np.ndarray, "h w 3"]:
    """Original faces side by side, without their photo."""
    return side_by_side(
        [np.where(_marked(patch)[..., None], patch.pixels[..., :3], np.uint8(BLANK)) for patch in patches]
    )


def _marked(patch: Patch) -> Bool[np.ndarray, "h w"]:
    return patch.pixels[..., 3] > 0


def side_by_side(faces: Sequence[UInt8[np.ndarray, "_h _w 3"]]) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures in a row; the smaller ones get a black strip below."""
    height = max(face.shape[0] for face in faces)
    return np.concatenate([np.pad(f, ((0, height - f.shape[0]), (0, 0), (0, 0))) for f in faces], axis=1)
