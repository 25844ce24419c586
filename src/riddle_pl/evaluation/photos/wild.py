"""Whole photos through the photo pipeline, for the figure of photos in the wild."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from riddle_pl.data.sources import is_image_name
from riddle_pl.device import resolve_device
from riddle_pl.errors import DataError, PhotoError
from riddle_pl.evaluation.methods.method import Method
from riddle_pl.evaluation.methods.pack import PackMethod
from riddle_pl.faces.load import load_image
from riddle_pl.figures.traces import WholePhoto
from riddle_pl.key import SALT_BYTES, KdfParams, repeatable_nonces
from riddle_pl.photos.pseudonymise import Pseudonymiser

LONGEST = 480
"""Longer side of the kept pictures, in pixels."""
PASSWORD, WRONG = "correct horse battery staple", "correct horse battery stable"


class Photos(ABC):
    """Whole photos by name."""

    def check(self) -> None:  # noqa: B027  # some are always there
        """Raises :class:`DataError` where there are none."""

    @abstractmethod
    def __iter__(self) -> Iterator[tuple[str, UInt8[np.ndarray, "_h _w 3"]]]:
        """Names and pixels; a photo that cannot be read raises a :class:`PhotoError`."""


class Astronaut(Photos):
    """The portrait that comes with scikit-image (Eileen Collins, NASA, public domain)."""

    def __iter__(self) -> Iterator[tuple[str, UInt8[np.ndarray, "_h _w 3"]]]:
        from skimage import data

        yield "astronaut (NASA)", np.asarray(data.astronaut())


class PhotoFolder(Photos):
    """The first photos of a folder.

    Args:
        root: the folder; sub-folders are not looked at.
        count: photos, at most.
    """

    def __init__(self, root: str, count: int = 4):
        self.root = Path(root).expanduser()
        self.count = count

    def check(self) -> None:
        if not self._paths():
            raise DataError(f"photos.root={self.root} holds no photo; give a folder of photos, or photos=none")

    def __iter__(self) -> Iterator[tuple[str, UInt8[np.ndarray, "_h _w 3"]]]:
        for path in self._paths()[: self.count]:
            yield path.name, load_image(path)

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.root.glob("*") if path.is_file() and is_image_name(path.name))


class WildPhotos(NamedTuple):
    """Photos for the figure, and why some or all were left out."""

    photos: list[WholePhoto]
    missing: str


def wild_photos(method: Method, photos: Photos | None) -> WildPhotos:
    """Whole photos before and after, with two fixed passwords and a salt that the seed fixes.

    Args:
        method: only a pack's own encryptor takes whole photos.
        photos: None: not wanted.
    """
    if photos is None:
        return WildPhotos([], "photos=none; photos=astronaut or photos=folder photos.root=FOLDER shows some")
    if not isinstance(method, PackMethod):
        return WildPhotos([], f"{method.label} is given aligned faces only; whole photos need method=pack")
    pseudonymiser = Pseudonymiser(
        method.pack, encryptor=method.role, device=resolve_device(method.device), inversion=method.inversion
    )
    salt = hashlib.sha256(f"riddle-eval whole photos {method.seed}".encode()).digest()[:SALT_BYTES]
    kdf = KdfParams(memory_kib=method.passwords.memory_kib, time=method.passwords.time, salt=salt)
    pseudonymiser.coder.draw_nonce = repeatable_nonces(salt)
    shown, reasons = [], []
    for name, photo in photos:
        try:
            shown.append(whole_photo(pseudonymiser, photo, name, PASSWORD, WRONG, kdf))
        except PhotoError as error:
            reasons.append(str(error))
    return WildPhotos(shown, "; ".join(reasons))


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
        FaceRefusedError: the gate refuses a face.
        NoFaceError: no face was found.
    """
    anonymised, record = pseudonymiser.encrypt(photo, password, kdf=kdf, name=name)
    recovered, wronged = (pseudonymiser.decrypt(record, text, anonymised) for text in (password, wrong))
    return WholePhoto(name, *(_reduced(pixels) for pixels in (photo, anonymised, recovered, wronged)))


def _reduced(pixels: UInt8[np.ndarray, "_h _w 3"]) -> UInt8[np.ndarray, "_h2 _w2 3"]:
    image = Image.fromarray(pixels)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)
