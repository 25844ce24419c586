"""Reading a photo safely: whatever the file holds, the caller gets upright RGB pixels or one clear error."""

import io
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from riddle_pl.errors import PhotoError
from riddle_pl.files import require_file

MAX_PIXELS = 200_000_000
"""Larger pictures are refused before they are unpacked (a few kilobytes can claim to be gigabytes of pixels)."""


def load_image(path: Path | str) -> UInt8[np.ndarray, "h w 3"]:
    """Reads an image file: turned upright by its EXIF orientation, converted to RGB, first frame only.

    Raises:
        PhotoError: the file is missing, empty, not an image, truncated, or has more than ``MAX_PIXELS`` pixels.
    """
    path = require_file(path, "photo", PhotoError)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"photo {path} cannot be read ({error.strerror})") from error
    return decode_image(data, str(path))


def decode_image(data: bytes, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """Decodes the bytes of an image file; see :func:`load_image`. ``name`` is used in errors only."""
    if not data:
        raise PhotoError(f"photo {name} is empty (0 bytes); give an image such as a JPEG or PNG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures and odd metadata; the limit is ours
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise PhotoError(
                        f"photo {name} has {width} x {height} pixels; at most {MAX_PIXELS:,} are read, make it smaller"
                    )
                image.load()
                upright = ImageOps.exif_transpose(image)
                return np.array(_to_rgb(upright), dtype=np.uint8)
    except UnidentifiedImageError as error:
        raise PhotoError(f"photo {name} is not an image that can be read; give a JPEG, PNG or WebP file") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(f"photo {name} has far too many pixels; at most {MAX_PIXELS:,} are read") from error
    except MemoryError as error:
        raise PhotoError(f"photo {name} does not fit into memory; make it smaller") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError) as error:
        # Pillow's decoders raise any of these on damaged files.
        raise PhotoError(f"photo {name} is damaged or cut short ({error}); give an intact copy") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB on white where the picture is transparent; 16-bit greys are scaled, not clipped."""
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")
