"""HEIC and HEIF photos, as many phones take them: read where the ``pillow-heif`` package is installed."""

from importlib import import_module
from importlib.util import find_spec

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
