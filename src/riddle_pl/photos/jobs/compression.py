"""How strongly pictures are compressed: as the photo's own file by default, so that a result is about as large."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, JpegImagePlugin

from riddle_pl.errors import ConfigError

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "PNG": {"compress_level": 3},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
}
"""By Pillow's names of formats, where no photo of that kind says otherwise."""
WHOLE_COLOURS = 90
"""From this quality on, a JPEG's colours are not halved in size."""
LIKE_LOSSY_WEBP = 90
"""Quality of a WebP file whose photo was lossy: those do not say theirs."""
_HEAD_BYTES = 1 << 12


@dataclass(frozen=True)
class Compression:
    """Compression of one picture.

    Args:
        quality: of JPEG and WebP, 1 to 100; None: as ``like``, or high.
        like: a picture's file, or its contents; a JPEG is then compressed by its tables and sampling of colours, a WebP
            file is lossy where it is.

    Raises:
        ConfigError: a quality out of range.
    """

    quality: int | None = None
    like: Path | bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ConfigError(f"quality is {self.quality}; expected 1 to 100")

    def options(self, kind: str) -> dict[str, Any]:
        """What Pillow is told for a file of this format."""
        if kind != "PNG" and self.quality is not None:
            whole = {"subsampling": 0 if self.quality >= WHOLE_COLOURS else 2} if kind == "JPEG" else {}
            return {"quality": self.quality, **whole}
        own = None
        if self.like is not None and kind == "JPEG":
            own = _as_jpeg(self.like)
        elif self.like is not None and kind == "WEBP":
            own = _as_webp(self.like)
        return dict(DEFAULTS[kind]) if own is None else own


def _opened(photo: Path | bytes) -> io.BytesIO | io.BufferedReader:
    return io.BytesIO(photo) if isinstance(photo, bytes) else photo.open("rb")


def _as_jpeg(photo: Path | bytes) -> dict[str, Any] | None:
    """The tables of a JPEG photo; None for other files."""
    try:
        with _opened(photo) as file, Image.open(file, formats=("JPEG",)) as image:
            if image.mode not in ("RGB", "L") or not isinstance(image, JpegImagePlugin.JpegImageFile):
                return None
            tables = [image.quantization[key] for key in sorted(image.quantization)][:2]
            sampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else 0
            return {"qtables": tables, "subsampling": sampling if sampling in (0, 1, 2) else 1} if tables else None
    except Exception:  # a stranger's bytes in a parser that documents no errors
        return None


def _as_webp(photo: Path | bytes) -> dict[str, Any] | None:
    """The kind of a WebP photo; None for other files."""
    try:
        with _opened(photo) as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    return {"quality": LIKE_LOSSY_WEBP} if b"VP8 " in head else {"lossless": True}
