"""If this fails, pictures are several times as large as their photos, or worse than asked for."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from riddle_pl.errors import ConfigError
from riddle_pl.photos.jobs.compression import Compression
from riddle_pl.photos.jobs.outputs import save_picture

PIXELS = data.astronaut()[::2, ::2]


def size(path: Path, pixels: np.ndarray, compression: Compression) -> int:
    save_picture(pixels, path, overwrite=True, compression=compression)
    return path.stat().st_size


@pytest.mark.parametrize("quality", [40, 75, 92])
@pytest.mark.parametrize("sampling", [0, 2])
def test_a_jpeg_is_as_large_as_its_photo(tmp_path: Path, quality: int, sampling: int) -> None:
    photo = tmp_path / "photo.jpg"
    Image.fromarray(PIXELS).save(photo, quality=quality, subsampling=sampling)
    with Image.open(photo) as image:
        read = np.asarray(image)
    made = size(tmp_path / "made.jpg", read, Compression(like=photo))
    assert 0.9 < made / photo.stat().st_size < 1.1
    assert size(tmp_path / "usual.jpg", read, Compression()) > made


def test_grey_and_other_photos(tmp_path: Path) -> None:
    grey = tmp_path / "grey.jpg"
    Image.fromarray(PIXELS).convert("L").save(grey, quality=50)
    with Image.open(grey) as image:
        read = np.asarray(image.convert("RGB"))
    assert size(tmp_path / "made.jpg", read, Compression(like=grey)) < 1.3 * grey.stat().st_size
    usual = size(tmp_path / "usual.jpg", PIXELS, Compression())
    for other in ("other.png", "none.jpg"):
        (tmp_path / "other.png").write_bytes(b"no picture")
        assert size(tmp_path / "made.jpg", PIXELS, Compression(like=tmp_path / other)) == usual


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_is_lossy_where_the_photo_is(tmp_path: Path, lossless: bool) -> None:
    photo = tmp_path / "photo.webp"
    Image.fromarray(PIXELS).save(photo, lossless=lossless, quality=80)
    save_picture(PIXELS, tmp_path / "made.webp", compression=Compression(like=photo))
    with Image.open(tmp_path / "made.webp") as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), PIXELS) == lossless


def test_a_quality_counts_and_has_its_range(tmp_path: Path) -> None:
    for suffix in (".jpg", ".webp"):
        sizes = [size(tmp_path / f"x{suffix}", PIXELS, Compression(quality)) for quality in (20, 60, 95)]
        assert sizes == sorted(set(sizes))
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG", compress_level=3)
    assert size(tmp_path / "x.png", PIXELS, Compression(1)) == len(buffer.getvalue())
    for quality in (0, 101):
        with pytest.raises(ConfigError, match="1 to 100"):
            Compression(quality)
