"""Whole photos through the photo pipeline, for the figure of photos in the wild."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from riddle_pl.evaluation.traces import WholePhoto
from riddle_pl.password import KdfParams
from riddle_pl.photos.pseudonymise import Pseudonymiser

LONGEST = 480
"""Longer side of the kept pictures, in pixels."""


def whole_photo(
    pseudonymiser: Pseudonymiser,
    photo: UInt8[np.ndarray, "h w 3"],
    name: str,
    password: str,
    wrong: str,
    kdf: KdfParams | None = None,
) -> WholePhoto:
    """Encrypts the faces of a photo and brings them back, as ``riddle encrypt`` and ``riddle decrypt`` do.

    Args:
        pseudonymiser: the pack's.
        photo: of any size; what is kept is reduced to :data:`LONGEST`.
        name: for captions and error lines.
        password: encrypts and recovers.
        wrong: another one.
        kdf: salt and cost; random and full by default.

    Raises:
        FaceRefusedError: a face cannot be protected well enough.
        NoFaceError: no face was found.
    """
    anonymised, record = pseudonymiser.encrypt(photo, password, kdf=kdf, name=name)
    recovered, wronged = (pseudonymiser.decrypt(record, text, anonymised) for text in (password, wrong))
    return WholePhoto(name, *(_reduced(pixels) for pixels in (photo, anonymised, recovered, wronged)))


def _reduced(pixels: UInt8[np.ndarray, "_h _w 3"]) -> UInt8[np.ndarray, "_h2 _w2 3"]:
    image = Image.fromarray(pixels)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)
