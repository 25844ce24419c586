"""If this fails, a damaged or sideways photo crashes the program or comes out wrong instead of being named."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from riddle_pl.errors import PhotoError
from riddle_pl.faces import load
from riddle_pl.faces.load import check_scans, decode_image, load_image

NOISE = np.random.default_rng(0).integers(0, 256, (30, 40, 4), dtype=np.uint8)


def saved(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def encoded(mode: str = "RGB", size: tuple[int, int] = (40, 30), kind: str = "PNG", **options: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return saved(Image.fromarray(noise).convert(mode), kind, **options)


def png(bits: int, colour_type: int, samples: bytes, side: int = 2) -> bytes:
    """A square PNG of any kind, as Pillow does not write all."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = len(samples) // side
    lines = b"".join(b"\0" + samples[i * row : (i + 1) * row] for i in range(side))
    head = struct.pack(">IIBBBBB", side, side, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


# --- kinds of pictures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *(("RGB", kind) for kind in ("PNG", "WEBP", "BMP", "TIFF", "PPM", "AVIF")),
        *(("L", "JPEG"), ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("P", "GIF"), ("P", "PNG"), ("1", "PNG")),
        *(("LA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF")),
    ],
)
def test_every_mode_becomes_rgb(mode: str, kind: str) -> None:
    pixels = decode_image(encoded(mode, kind=kind), "x")
    assert pixels.shape == (30, 40, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable


def test_rgb_and_palette_colours_are_kept_exactly() -> None:
    np.testing.assert_array_equal(decode_image(saved(NOISE[..., :3]), "x"), NOISE[..., :3])
    palette = Image.fromarray(NOISE[..., :3]).quantize(64)
    np.testing.assert_array_equal(decode_image(saved(palette), "x"), np.asarray(palette.convert("RGB")))


def test_a_large_picture_is_converted_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riddle_pl.faces.rgb._STRIP", 7 * 40)
    np.testing.assert_array_equal(decode_image(saved(NOISE[..., :3]), "x"), NOISE[..., :3])


def test_cmyk_black_and_white_stay() -> None:
    for ink, expected in ((0, 255), (255, 0)):
        pixels = decode_image(saved(Image.new("CMYK", (8, 8), (ink,) * 4), "JPEG", quality=95), "x")
        assert np.abs(pixels.astype(int) - expected).max() <= 2


def test_transparent_pixels_lie_on_white() -> None:
    clear, half = Image.new("RGBA", (4, 4), (255, 0, 0, 0)), Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    assert (decode_image(saved(clear), "x") == 255).all()
    assert np.abs(decode_image(saved(half), "x").astype(int) - [255, 127, 127]).max() <= 1
    keyed = saved(Image.new("RGB", (4, 4), (9, 8, 7)), transparency=(9, 8, 7))
    assert (decode_image(keyed, "x") == 255).all()
    palette = Image.new("P", (4, 4))
    assert (decode_image(saved(palette, "GIF", transparency=0), "x") == 255).all()


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bits_are_scaled_not_clipped(colour_type: int, channels: int) -> None:
    samples = [0x80, 0x12] * (channels if channels in (1, 3) else channels - 1) + [0xFF, 0xFF] * (channels in (2, 4))
    pixels = decode_image(png(16, colour_type, bytes(samples * 4)), "x")
    assert (pixels == 0x80).all()


def test_deep_greys_of_tiff() -> None:
    grey = Image.fromarray(np.full((4, 4), 0x8000, np.uint16))
    assert (decode_image(saved(grey, "TIFF"), "x") == 0x80).all()
    for mode in ("I", "F"):
        with pytest.raises(PhotoError, match=f"'{mode}'.*8 or 16 bits"):
            decode_image(saved(Image.new(mode, (4, 4)), "TIFF"), "x")


@pytest.mark.parametrize("value", range(1, 9))
def test_exif_orientation_is_applied(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    data = saved(NOISE[..., :3], exif=exif)
    np.testing.assert_array_equal(
        decode_image(data, "x"), np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    )


def test_damaged_exif_does_not_lose_the_photo() -> None:
    data = saved(NOISE[..., :3], exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12nonsense")
    np.testing.assert_array_equal(decode_image(data, "x"), NOISE[..., :3])


def test_colour_profiles_become_srgb() -> None:
    """A wide-gamut phone's photo would look pale without its profile; one in sRGB must not change at all."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(decode_image(saved(NOISE[..., :3], icc_profile=srgb), "x"), NOISE[..., :3])
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for odd in (b"nonsense", srgb[:100], lab):  # damaged, cut, of another colour space
        np.testing.assert_array_equal(decode_image(saved(NOISE[..., :3], icc_profile=odd), "x"), NOISE[..., :3])
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")  # red is green
    green = decode_image(saved(Image.new("RGB", (4, 4), (255, 0, 0)), icc_profile=swapped), "x")
    assert (green == [0, 255, 0]).all()


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_and_pages_are_refused(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green")]
    with pytest.raises(PhotoError, match="animated or has several pages"):
        decode_image(saved(frames[0], kind, save_all=True, append_images=frames[1:]), "x")


def test_a_stereo_or_preview_picture_counts_as_one() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green")]
    pixels = decode_image(saved(frames[0], "MPO", save_all=True, append_images=frames[1:]), "x")
    assert pixels[..., 0].min() > 200


def test_raw_files_of_cameras_are_refused() -> None:
    with pytest.raises(PhotoError, match="raw file"):
        decode_image(saved(NOISE[..., :3], "TIFF", tiffinfo={254: 1}), "x")


HEIC = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(64)


def test_heic_without_its_plug_in_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "find_spec", lambda _name: None)
    with pytest.raises(PhotoError, match=r"photo x\.heic is a HEIC picture.*riddle-pl\[heif\].*JPEG"):
        decode_image(HEIC, "x.heic")
    assert not load.is_heif(b"")
    assert not load.is_heif(encoded(kind="AVIF"))


def test_heic_with_its_plug_in() -> None:
    pytest.importorskip("pillow_heif", reason="the extra [heif] is not installed").register_heif_opener()
    pixels = decode_image(saved(Image.new("RGB", (64, 48), (200, 30, 30)), "HEIF"), "x")
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels.astype(int) - [200, 30, 30]).max() < 12
    with pytest.raises(PhotoError, match=r"damaged|not an image"):
        decode_image(HEIC, "x")


def test_a_program_that_pillow_would_start_is_never_started() -> None:
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(PhotoError, match="not an image"):
        decode_image(postscript, "x.eps")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"this is a text", "not an image"),
        (encoded()[:-400], "damaged or cut short"),
        (encoded(kind="JPEG", size=(200, 200))[:3000], "damaged or cut short"),
    ],
)
def test_bad_files_are_named_on_one_line(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=expected) as caught:
        load_image(path)
    assert "holiday.jpg" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_contents_decide_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "really a png.JPG"
    path.write_bytes(saved(NOISE[..., :3]))
    np.testing.assert_array_equal(load_image(path), NOISE[..., :3])


def test_missing_files_folders_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="does not exist"):
        load_image(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="folder"):
        load_image(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")  # reading it would wait for ever
    with pytest.raises(PhotoError, match="not an ordinary file"):
        load_image(tmp_path / "pipe.jpg")


# --- too much ---------------------------------------------------------------------------------------------------------


def test_too_many_pixels_are_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_PIXELS", 1000)
    with pytest.raises(PhotoError, match="40 x 30"):
        decode_image(encoded(), "bomb.png")


@pytest.mark.parametrize("side", [12_300, 60_000, 2**31 - 1])
def test_a_bomb_of_a_few_bytes_is_refused_at_once(side: int) -> None:
    data = bytearray(encoded("1", (8, 8)))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    with pytest.raises(PhotoError, match="pixels"):
        decode_image(bytes(data), "bomb.png")


def test_a_file_too_large_to_be_a_photo_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.jpg"
    with path.open("wb") as file:
        file.truncate(load.MAX_FILE_BYTES + 1)  # sparse: takes no space
    with pytest.raises(PhotoError, match="bytes; at most"):
        load_image(path)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    progressive = encoded(kind="JPEG", progressive=True)
    decode_image(progressive, "x")
    with pytest.raises(PhotoError, match="scans"):
        decode_image(progressive[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 200, "x")


def test_no_memory_is_a_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr("riddle_pl.faces.load.to_rgb", too_much)
    with pytest.raises(PhotoError, match="memory"):
        decode_image(encoded(), "x")


@pytest.mark.slow
def test_a_hundred_megapixels_are_read() -> None:
    pixels = decode_image(saved(Image.new("1", (12_000, 8_400), 1)), "x")
    assert pixels.shape == (8_400, 12_000, 3)
    assert pixels[::999, ::999].min() == 255


# --- strangers' files -------------------------------------------------------------------------------------------------

SEEDS = [
    encoded(kind="PNG"),
    encoded("P", kind="PNG"),
    encoded("LA", kind="PNG"),
    encoded(kind="JPEG"),
    encoded("CMYK", kind="JPEG"),
    encoded(kind="JPEG", progressive=True),
    encoded("P", kind="GIF"),
    encoded(kind="WEBP"),
    encoded(kind="BMP"),
    encoded(kind="TIFF", compression="tiff_lzw"),
    encoded("CMYK", kind="TIFF"),
    encoded(kind="AVIF"),
    encoded(kind="PPM"),
    HEIC,
]


def a_picture_or_one_line(data: bytes) -> None:
    try:
        pixels = decode_image(data, "x.jpg")
    except PhotoError as error:
        assert str(error).startswith("photo x.jpg ")  # noqa: PT017  # a picture is the other good outcome
        return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_pictures(data: st.DataObject) -> None:
    """Bits flipped, bytes replaced, cut out or added, mostly near the beginning, where the headers are."""
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        if not content:
            break
        place = data.draw(st.integers(0, min(len(content), data.draw(st.sampled_from([64, 300, 10_000]))) - 1))
        action = data.draw(st.sampled_from(["flip", "set", "cut", "add", "truncate"]))
        if action == "flip":
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif action == "set":
            content[place : place + 4] = data.draw(st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"]))
        elif action == "cut":
            del content[place : place + data.draw(st.integers(1, 40))]
        elif action == "add":
            content[place:place] = data.draw(st.binary(min_size=1, max_size=40))
        else:
            del content[place + 1 :]
    a_picture_or_one_line(bytes(content))


@settings(max_examples=200, deadline=None)
@given(start=st.sampled_from([b"", *(seed[:12] for seed in SEEDS)]), rest=st.binary(max_size=200))
def test_noise(start: bytes, rest: bytes) -> None:
    a_picture_or_one_line(start + rest)


def test_a_film_behind_a_photo_does_not_count(tmp_path: Path) -> None:
    """As phones write it: anything may stand there."""
    photo = tmp_path / "motion.jpg"
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 30, 30)).save(buffer, "JPEG", progressive=True)
    photo.write_bytes(buffer.getvalue() + 200 * b"\xff\xda film")
    assert load_image(photo).shape == (16, 16, 3)
    with pytest.raises(PhotoError, match="JPEG scans"):
        check_scans(buffer.getvalue()[:-2] + 200 * b"\xff\xda\x00\x02", "photo")
