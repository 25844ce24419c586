"""XMP metadata of written pictures, which any reader of metadata understands; none of the photo's own is copied.

The names, places, times, thumbnails and serial numbers in a photo's metadata can identify a person, so none of them is
copied: pictures are written from their pixels alone.
"""

from pathlib import Path

from PIL import Image

from riddle_pl.photos.jobs.origin import Mark

SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source type of a photo into which a trained model has drawn something."""
MAX_XMP_BYTES = 1 << 16
_COVERED = 'riddle:faces="covered"'
_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" {namespace} {statement}/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def _packet(namespace: str, statement: str) -> bytes:
    return _PACKET.format(namespace=namespace, statement=statement).encode()


SYNTHETIC_NOTE = _packet(
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"', f'Iptc4xmpExt:DigitalSourceType="{SYNTHETIC}"'
)
"""XMP packet: a face in this picture is synthetic."""
COVERED_NOTE = _packet('xmlns:riddle="urn:riddle-pl:1"', _COVERED)
"""XMP packet: faces of this picture were covered and none was encrypted, so that it has no record."""


def marked(note: bytes | None, mark: Mark) -> bytes:
    """An XMP packet with a mark in it (:mod:`riddle_pl.photos.jobs.origin`), beside what it says already."""
    packet = _packet("", "") if note is None else note
    return packet.replace(b"/>\n</rdf:RDF>", f" {mark.statement()}/>\n</rdf:RDF>".encode())


def read_mark(picture: Path) -> Mark | None:
    """The mark of a picture that was written here; None for any other file."""
    return Mark.parse(_read_xmp(picture))


def is_covered(picture: Path) -> bool:
    """Whether a picture carries :data:`COVERED_NOTE`; also false for what is no picture."""
    return _COVERED.encode() in _read_xmp(picture)


def _read_xmp(picture: Path) -> bytes:
    """The XMP packet of a picture; empty for what is no picture, or has none."""
    try:
        with Image.open(picture, formats=("PNG", "JPEG", "WEBP")) as image:
            note = image.info.get("xmp", b"")
    except Exception:  # a stranger's bytes in a parser that documents no errors
        return b""
    return note if isinstance(note, bytes) and len(note) <= MAX_XMP_BYTES else b""
