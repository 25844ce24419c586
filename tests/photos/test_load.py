"""If this fails, a damaged or sideways photo crashes the program or comes out wrong instead of being named."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import PhotoError
from riddle_pl.photos import load
from riddle_pl.photos.load import decode_image, load_image


def encoded(mode: str = "RGB", size: tuple[int, int] = (40, 30), kind: str = "PNG", **options: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("P", "GIF"), ("1", "PNG")]
)
def test_every_mode_becomes_rgb(mode: str, kind: str) -> None:
    pixels = decode_image(encoded(mode, kind=kind), "x")
    assert pixels.shape == (30, 40, 3)
    assert pixels.dtype == np.uint8


def test_transparent_pixels_lie_on_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(buffer, "PNG")
    assert (decode_image(buffer.getvalue(), "x") == 255).all()


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 4), 0x8000, np.uint16)).save(buffer, "PNG")
    assert (decode_image(buffer.getvalue(), "x") == 0x80).all()


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise
    buffer = io.BytesIO()
    image = Image.new("RGB", (40, 20), "black")
    image.paste((255, 255, 255), (0, 0, 20, 20))  # left half white, must come out on top
    image.save(buffer, "PNG", exif=exif)
    pixels = decode_image(buffer.getvalue(), "x")
    assert pixels.shape == (40, 20, 3)
    assert pixels[:20].min() == 255
    assert pixels[20:].max() == 0


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


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="does not exist"):
        load_image(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="folder"):
        load_image(tmp_path)


def test_too_many_pixels_are_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_PIXELS", 1000)
    with pytest.raises(PhotoError, match="40 x 30"):
        decode_image(encoded(), "bomb.png")
