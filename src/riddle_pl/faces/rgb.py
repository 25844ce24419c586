"""From any picture that Pillow has decoded to upright 8-bit sRGB pixels.

- palette, grey, two colours: the same colours as RGB;
- transparency: laid on white;
- 16 bits per channel: the upper 8 (no clipping);
- CMYK, and a colour profile other than sRGB (of wide-gamut phones, say): converted to sRGB, since no profile is kept.
  Pixels of pictures without a profile, or with sRGB's, stay exactly as they are.
"""

import io
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageCms

Pixels = UInt8[np.ndarray, "h w 3"]

DEEP_GREYS = ("I;16", "I;16L", "I;16B", "I;16N")
MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", *DEEP_GREYS)
"""Pillow's modes that are understood. Not among them: 32-bit and floating-point greys, whose white is anywhere."""

_STRIP = 1 << 22
"""Pixels converted at a time, so that a large photo is held twice and not five times."""
_PROFILE_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_SAME = 2
"""Grey levels by which a profile may differ from sRGB and still be it; versions of sRGB differ by one."""
_ORIENTATION = 0x0112


def to_rgb(image: Image.Image) -> Pixels:
    """The pixels of a loaded image whose mode is one of :data:`MODES`; a new array."""
    width, height = image.size
    transform = _colour_transform(image)
    pixels = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        strip = _base_mode(image.crop((0, top, width, bottom)))
        if transform is not None:
            strip = ImageCms.applyTransform(strip, transform) or strip
        pixels[top:bottom] = np.asarray(strip.convert("RGB"))
    return pixels


def orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 (upright) to 8; 1 where there is none or the EXIF data are damaged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = image.getexif().get(_ORIENTATION)
    except Exception:  # a stranger's bytes in a parser that documents no errors; the pixels are intact
        return 1
    return value if type(value) is int and 1 <= value <= 8 else 1


def turn_upright(pixels: Pixels, orientation: int) -> UInt8[np.ndarray, "h2 w2 3"]:
    """Undoes an EXIF orientation."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _base_mode(image: Image.Image) -> Image.Image:
    """RGB, L or CMYK, without transparency."""
    if image.mode in DEEP_GREYS:
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA") if image.mode != "La" else image.convert("LA").convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _colour_transform(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """To sRGB from the picture's own profile; None if it has none, sRGB's, a damaged one or one of another space."""
    icc = image.info.get("icc_profile")
    if not isinstance(icc, bytes) or not icc:
        return None
    base = _base_mode(image.crop((0, 0, 1, 1))).mode
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space != _PROFILE_SPACES[base]:
            return None
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), base, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if base != "CMYK" and _is_identity(transform, base) else transform


def _is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = np.linspace(0, 255, 6, dtype=np.uint8)
    if mode == "L":
        colours = np.arange(256, dtype=np.uint8)[None]
    else:
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    before = Image.fromarray(colours)
    after = np.asarray(ImageCms.applyTransform(before, transform) or before).astype(int)
    return bool(np.abs(after - np.asarray(before.convert("RGB"))).max() <= _SAME)
