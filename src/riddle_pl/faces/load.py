"""Reading a photo safely: whatever the file holds, the caller gets upright RGB pixels or one clear error."""

import io
import re
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from riddle_pl.errors import PhotoError
from riddle_pl.faces.rgb import MODES, orientation, to_rgb, turn_upright
from riddle_pl.files import require_file

# How large a photo may be: checked before anything is unpacked, since a few kilobytes can claim to be gigabytes.

MAX_FILE_BYTES = 1 << 30
"""Of an image file. What is larger is a video or a disk image with a photo's suffix."""
MAX_PIXELS = 150_000_000
"""More than a hundred-megapixel camera makes, and less than what Pillow itself refuses. Reading a photo takes about
seven bytes of memory a pixel."""
MAX_SCANS = 100
"""Of a JPEG. Progressive photos have about ten; each makes the decoder pass over all pixels once more."""

_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
"""Of a segment with a length (ITU-T T.81, B.1.1.3), or of the end; others stand inside of the compressed data."""


def check_file_size(size: int, name: str) -> None:
    """Raises :class:`PhotoError` if a file has more bytes than ``MAX_FILE_BYTES``."""
    if size > MAX_FILE_BYTES:
        raise PhotoError(f"photo {name} is a file of {size:,} bytes; at most {MAX_FILE_BYTES:,} are read")


def check_pixels(width: int, height: int, name: str) -> None:
    """Raises :class:`PhotoError` if a picture claims more pixels than ``MAX_PIXELS``."""
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"photo {name} has {width} x {height} pixels; at most {MAX_PIXELS:,} are read, make it smaller"
        )


def check_scans(data: bytes, name: str) -> None:
    """Raises :class:`PhotoError` if a JPEG file has more scans than ``MAX_SCANS``."""
    scans = _count_scans(data)
    if scans > MAX_SCANS:
        raise PhotoError(f"photo {name} has {scans:,} JPEG scans; at most {MAX_SCANS} are read, save it anew")


def _count_scans(data: bytes) -> int:
    """Scans of the first picture in a JPEG file; phones put films and further pictures behind it."""
    scans, position = 0, 2
    while (marker := _MARKER.search(data, position)) and marker[1] != _END_OF_IMAGE:
        scans += marker[1] == _START_OF_SCAN
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans


EXTRA = "pip install 'riddle-pl[heif]', or save it as a JPEG"
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def is_heif(data: bytes) -> bool:
    """Whether the bytes of a file begin as a HEIF file's (ISO/IEC 23008-12) that holds no AVIF picture."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS and b"avif" not in data[12:64]


def register_heif() -> bool:
    """Teaches Pillow the format ``HEIF``; false if the plug-in is not installed."""
    if find_spec("pillow_heif") is None:
        return False
    import_module("pillow_heif").register_heif_opener()
    return True


FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's names of the formats that are read (and no others: some of its decoders start programs). The contents
decide, not the suffix."""

_SEVERAL_PICTURES = ("MPO", "HEIF")
"""Formats whose further pictures are versions of the first: previews, depth, the other eye's view."""
_SUBFILE_TYPE, _REDUCED = 254, 1


def load_image(path: Path | str) -> UInt8[np.ndarray, "h w 3"]:
    """Reads an image file: upright by its EXIF orientation, 8-bit sRGB (see :mod:`riddle_pl.faces.rgb`).

    Raises:
        PhotoError: the file is missing, empty, too large, not an image, damaged, or holds several pictures.
    """
    path = require_file(path, "photo", PhotoError)
    try:
        if not path.is_file():
            raise PhotoError(f"photo {path} is not an ordinary file; save it to disk first")
        check_file_size(path.stat().st_size, str(path))
        data = path.read_bytes()
    except (OSError, MemoryError) as error:
        raise PhotoError(f"photo {path} cannot be read ({error})") from error
    return decode_image(data, str(path))


def decode_image(data: bytes, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """Decodes the bytes of an image file; see :func:`load_image`. ``name`` is used in errors only."""
    if not data:
        raise PhotoError(f"photo {name} is empty (0 bytes); give an image such as a JPEG or PNG")
    try:
        with _decoded(data, name) as image:
            pixels, turned = to_rgb(image), orientation(image)
        return turn_upright(pixels, turned)
    except MemoryError as error:
        raise PhotoError(f"photo {name} does not fit into memory; make it smaller") from error


def _decoded(data: bytes, name: str) -> Image.Image:
    """The picture with its pixels unpacked."""
    formats = [*FORMATS, "HEIF"] if is_heif(data) and register_heif() else FORMATS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures and odd metadata; the limits are ours
            image = Image.open(io.BytesIO(data), formats=formats)
            _check(image, data, name)
            image.load()
            return image
    except (PhotoError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise PhotoError(f"photo {name} {_what_it_is(data)}") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(f"photo {name} has far too many pixels; make it smaller") from error
    except Exception as error:  # a stranger's bytes in decoders that document no errors
        raise PhotoError(f"photo {name} is damaged or cut short ({error}); give an intact copy") from error


def _check(image: Image.Image, data: bytes, name: str) -> None:
    """What can be known before the pixels are unpacked."""
    check_pixels(*image.size, name)
    if image.format in ("JPEG", "MPO"):
        check_scans(data, name)
    if getattr(image, "is_animated", False) and image.format not in _SEVERAL_PICTURES:
        raise PhotoError(f"photo {name} is animated or has several pages; save the one you mean as a PNG or JPEG")
    if image.format == "TIFF" and image.tag_v2.get(_SUBFILE_TYPE) == _REDUCED:  # type: ignore[attr-defined]  # TIFF's
        raise PhotoError(f"photo {name} is a camera's raw file with a small preview; export it as a JPEG or PNG")
    if image.mode not in MODES:
        raise PhotoError(
            f"photo {name} has pixels of kind {image.mode!r} (such as 32-bit or floating-point ones); "
            "save it with 8 or 16 bits per channel"
        )


def _what_it_is(data: bytes) -> str:
    if is_heif(data):
        return f"is a HEIC picture, and the plug-in that reads them is missing: {EXTRA}"
    return "is not an image that can be read; give a JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF file"
