"""How large a photo may be: checked before anything is unpacked, since a few kilobytes can claim to be gigabytes."""

from riddle_pl.errors import PhotoError

MAX_FILE_BYTES = 1 << 30
"""Of an image file. What is larger is a video or a disk image with a photo's suffix."""
MAX_PIXELS = 150_000_000
"""More than a hundred-megapixel camera makes, and less than what Pillow itself refuses. Reading a photo takes about
seven bytes of memory a pixel."""
MAX_SCANS = 100
"""Of a JPEG. Progressive photos have about ten; each makes the decoder pass over all pixels once more."""

_START_OF_SCAN = b"\xff\xda"


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
    scans = data.count(_START_OF_SCAN)
    if scans > MAX_SCANS:
        raise PhotoError(f"photo {name} has {scans:,} JPEG scans; at most {MAX_SCANS} are read, save it anew")
