"""Picture files that must be refused, made by breaking intact ones; the same in every run."""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

Case = tuple[str, bytes]

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (48, 64, 4), dtype=np.uint8))
"""Noise, so that nothing compresses away and every cut goes through pixels."""


def save(kind: str, mode: str = "RGB", image: Image.Image = PICTURE, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


INTACT = {
    "png": save("PNG"),
    "png_alpha": save("PNG", "RGBA"),
    "jpg": save("JPEG"),
    "jpg_progressive": save("JPEG", progressive=True),
    "jpg_cmyk": save("JPEG", "CMYK"),
    "gif": save("GIF", "P"),
    "bmp": save("BMP"),
    "tif": save("TIFF"),
    "webp": save("WEBP", lossless=True),
    "ppm": save("PPM"),
    "avif": save("AVIF"),
}
"""A picture of every kind that is read."""


def broken_images() -> Iterator[Case]:
    """Name and contents of each; the name's end is a suffix."""
    yield from _cut_short()
    yield from _overwritten_starts()
    yield from _damaged_chunks()
    yield from _crafted_headers()
    yield from _bombs()
    yield from _several_pictures()
    yield from _other_kinds()


def _cut_short() -> Iterator[Case]:
    for name, data in INTACT.items():
        suffix = name.split("_")[0]
        for share in (0.02, 0.1, 0.25, 0.5, 0.75, 0.9):
            yield f"{name}_cut_at_{100 * share:.0f}.{suffix}", data[: int(len(data) * share)]


def _overwritten_starts() -> Iterator[Case]:
    rng = random.Random(2)
    for name, data in INTACT.items():
        suffix = name.split("_")[0]
        yield f"{name}_zeroed_start.{suffix}", bytes(64) + data[64:]
        yield f"{name}_noisy_start.{suffix}", rng.randbytes(200) + data[200:]
        yield f"{name}_shifted.{suffix}", b"\n" + data
        yield f"{name}_start_alone.{suffix}", data[:16] + bytes(500)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, colour: int = 2) -> bytes:
    """A PNG with this header and these chunks."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + b"".join(chunks) + png_chunk(b"IEND", b"")


def _damaged_chunks() -> Iterator[Case]:
    data = INTACT["png"]
    start = data.index(b"IDAT") + 4
    for place in (start, start + 100, start + 2000, len(data) - 30):
        yield f"png_bit_{place}.png", data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]
    yield "png_no_pixels.png", png(64, 48)
    yield "png_bad_stream.png", png(64, 48, png_chunk(b"IDAT", b"\x78\x9c" + bytes(300)))
    yield "png_bad_filter.png", png(64, 48, png_chunk(b"IDAT", zlib.compress(b"\x77" * 193 * 48)))
    yield "png_no_palette.png", png(4, 4, png_chunk(b"IDAT", b""), bits=8, colour=3)
    yield "png_long_chunk.png", png(64, 48, struct.pack(">I", 0x7FFFFFFF) + b"IDAT")
    yield "png_text_bomb.png", png(4, 4, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(70_000_000), 1)))
    jpg = INTACT["jpg"]
    scan = jpg.index(b"\xff\xda")
    yield "jpg_no_scan.jpg", jpg[:scan] + b"\xff\xd9"
    yield "jpg_no_frame.jpg", jpg[: jpg.index(b"\xff\xc0")] + jpg[scan:]
    yield "jpg_long_segment.jpg", jpg[:2] + b"\xff\xe1\xff\xff" + jpg[2:300]
    tables = jpg.index(b"\xff\xdb")
    yield "jpg_no_tables.jpg", jpg[:tables] + jpg[jpg.index(b"\xff\xc0") :]


def _put(data: bytes, place: int, form: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, place, *values)
    return bytes(changed)


def _crafted_headers() -> Iterator[Case]:
    for width, height in ((0, 48), (64, 0), (0, 0), (2**32 - 1, 1), (2**31, 2**31)):
        yield f"png_{width}x{height}.png", png(width, height, png_chunk(b"IDAT", zlib.compress(bytes(1000))))
    for bits, colour in ((3, 2), (16, 3), (8, 5), (255, 255)):
        yield f"png_kind_{bits}_{colour}.png", png(4, 4, png_chunk(b"IDAT", b""), bits=bits, colour=colour)
    frame = INTACT["jpg"].index(b"\xff\xc0")
    for width, height in ((0, 48), (0, 0), (65_500, 65_500)):
        yield f"jpg_{width}x{height}.jpg", _put(INTACT["jpg"], frame + 5, ">HH", height, width)
    yield "jpg_9_channels.jpg", _put(INTACT["jpg"], frame + 9, "B", 9)
    yield "jpg_12_bits.jpg", _put(INTACT["jpg"], frame + 4, "B", 12)
    bmp = INTACT["bmp"]
    for name, place, form, value in (
        ("width", 18, "<i", -64),
        ("height", 22, "<i", 0),
        ("bits", 28, "<H", 7),
        ("compression", 30, "<I", 99),
        ("header", 14, "<I", 3),
        ("pixels", 10, "<I", 2**31),
    ):
        yield f"bmp_{name}.bmp", _put(bmp, place, form, value)
    tif = INTACT["tif"]
    yield "tif_directory_beyond.tif", _put(tif, 4, "<I", 2**31)
    yield "tif_directory_in_header.tif", _put(tif, 4, "<I", 0)
    for kind in ("PNG", "JPEG"):
        yield f"only_magic_{kind}", INTACT["png" if kind == "PNG" else "jpg"][:8]
    for text in (
        b"P6 64",
        b"P6 -3 4 255\n",
        b"P6 64 48 99999999\n",
        b"P6 a b c\n",
        b"P6 8 8 255\n123",
        b"P7\nWIDTH 4\n",
    ):
        yield f"ppm_{zlib.crc32(text)}.ppm", text


def _bombs() -> Iterator[Case]:
    """Files of some hundred bytes that claim to be gigabytes of pixels."""
    stream = png_chunk(b"IDAT", zlib.compress(bytes(100_000)))
    for side in (12_300, 30_000, 2**31 - 1):
        yield f"bomb_{side}.png", png(side, side, stream)
        yield f"bomb_{side}_1_bit.png", png(side, side, stream, bits=1, colour=0)
        yield f"bomb_{side}.ppm", f"P6 {side} {side} 255\n".encode() + bytes(100)
    yield "bomb.gif", _put(INTACT["gif"], 6, "<HH", 65_535, 65_535)
    yield "bomb.bmp", _put(INTACT["bmp"], 18, "<ii", 40_000, 40_000)
    yield "bomb.webp", _webp_bomb()
    scans = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 5000
    yield "endless_scans.jpg", INTACT["jpg_progressive"][:-2] + scans


def _webp_bomb() -> bytes:
    canvas = struct.pack("<I", 0) + (16_382).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas + INTACT["webp"][12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _several_pictures() -> Iterator[Case]:
    other = Image.new("RGB", PICTURE.size, "red")
    for kind, suffix in (("GIF", "gif"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif"), ("AVIF", "avif")):
        yield f"animated.{suffix}", save(kind, save_all=True, append_images=[other])
    yield "raw_preview.dng", save("TIFF", tiffinfo={254: 1})


def _other_kinds() -> Iterator[Case]:
    """Pictures in formats or of pixels that are not read."""
    for kind, suffix, mode in (
        ("ICO", "ico", "RGBA"),
        ("TGA", "jpg", "RGB"),
        ("PCX", "pcx", "RGB"),
        ("SGI", "png", "RGB"),
        ("JPEG2000", "jp2", "RGB"),
        ("DDS", "dds", "RGB"),
        ("XBM", "xbm", "1"),
        ("EPS", "eps", "RGB"),
        ("PDF", "jpg", "RGB"),
    ):
        yield f"kind_{kind}.{suffix}", save(kind, mode)
    for mode in ("I", "F"):
        grey = Image.fromarray(np.zeros((8, 8), np.int32 if mode == "I" else np.float32))
        yield f"deep_{mode}.tif", save("TIFF", mode, grey)
    yield "lab.tif", save("TIFF", "LAB", Image.new("LAB", (8, 8)))
    for brand in (b"heic", b"mif1", b"heix"):
        yield f"phone_{brand.decode()}.heic", struct.pack(">I", 24) + b"ftyp" + brand + bytes(8) + b"heic" + bytes(99)


def odd_images() -> Iterator[Case]:
    """Unusual pictures that are read all the same."""
    yield "two_colours.png", save("PNG", "1")
    yield "palette.png", save("PNG", "P")
    yield "grey_with_alpha.png", save("PNG", "LA")
    yield "deep_grey.png", save("PNG", image=PICTURE.convert("L").convert("I;16"), mode="I;16")
    yield "deep.png", png(64, 48, png_chunk(b"IDAT", zlib.compress(bytes(48 * (1 + 64 * 6)))), bits=16)
    yield "inks.jpg", INTACT["jpg_cmyk"]
    yield "inks.tif", save("TIFF", "CMYK")
    yield "still.gif", INTACT["gif"]
    yield "stereo.mpo", save("MPO", save_all=True, append_images=[PICTURE.convert("RGB")])
    yield "wrong_suffix.jpg", INTACT["png"]
    yield "no_suffix", INTACT["jpg"]
    yield "LOUD.JPEG", INTACT["jpg"]
    yield "damaged_exif.jpg", save("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12nonsense")
    yield "damaged_profile.png", save("PNG", icc_profile=b"nonsense")
    yield "more_after_the_end.jpg", INTACT["jpg"] + bytes(1000)
    yield "rows_missing.png", png(64, 48, png_chunk(b"IDAT", zlib.compress(bytes(193 * 10))))


def mutated_images(count: int, seed: int) -> Iterator[Case]:
    """Intact pictures with some bytes changed anywhere; they may or may not still be pictures."""
    rng = random.Random(seed)
    for number in range(count):
        name, data = rng.choice(list(INTACT.items()))
        changed = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            changed[rng.randrange(min(len(changed), rng.choice((80, 400, 10**9))))] = rng.randrange(256)
        yield f"{name}_mutated_{number}.{name.split('_')[0]}", bytes(changed)
