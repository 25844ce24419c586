"""Files that are neither pictures nor records, whatever their names say."""

import gzip
import io
import json
import random
import struct
import zipfile
from collections.abc import Iterator


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("../../evil.txt"), "beyond the folder")
    return buffer.getvalue()


def junk() -> Iterator[tuple[str, bytes]]:
    """Name and contents of each; the same in every run."""
    rng = random.Random(7)
    yield "empty", b""
    yield "one_byte", b"\xff"
    yield "zeros", bytes(5000)
    yield "ones", b"\xff" * 5000
    yield "noise", rng.randbytes(5000)
    yield "text", "Liebe Grüße aus Köln\n".encode() * 50
    yield "utf16", "not a picture".encode("utf-16")
    yield "newlines", b"\n" * 300
    yield "web_page", b"<!DOCTYPE html><html><title>404 Not Found</title></html>"
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    yield "json", json.dumps({"header": {"format_version": 1}}).encode()
    yield "deep_json", b"[" * 50_000
    yield "pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
    yield "zip", _zip()
    yield "gzip", gzip.compress(b"a" * 1_000_000, mtime=0)
    yield "pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run showpage\n%%EOF\n"
    yield "program", b"\x7fELF\x02\x01\x01" + bytes(200)
    yield "pickle", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
    yield "film", struct.pack(">I", 24) + b"ftypmp42" + bytes(300)
    yield "huge_claim", struct.pack("<Q", 1 << 62) + b"{}" + bytes(100)
