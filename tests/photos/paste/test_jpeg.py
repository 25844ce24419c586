"""If this fails, a crisp face is pasted into a picture that shows JPEG's blocks, or the photo around it changes."""

import io

import numpy as np
import pytest
from PIL import Image

from riddle_pl.photos.paste.jpeg import quality_of, with_traces

SIDE = 160


def scene(seed: int, side: int = SIDE) -> np.ndarray:
    """Blobs and some noise."""
    rng = np.random.default_rng(seed)
    blobs = Image.fromarray(rng.integers(0, 256, (23, 23, 3), dtype=np.uint8)).resize((side, side))
    return np.clip(np.asarray(blobs) + rng.normal(0, 4, (side, side, 3)), 0, 255).astype(np.uint8)


def coded(picture: np.ndarray, quality: int) -> np.ndarray:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held))


def pasted(photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Another scene in the middle, and where."""
    where = np.zeros((SIDE, SIDE), bool)
    where[37:121, 43:131] = True
    return np.where(where[..., None], scene(1), photo), where


@pytest.mark.parametrize("quality", [90, 75, 50, 20])
def test_the_quality_of_a_photo_is_told(quality: int) -> None:
    assert quality_of(coded(scene(0), quality)) == quality


@pytest.mark.parametrize("quality", [83, 48, 27])
def test_one_between_those_that_are_tried_is_told_roughly(quality: int) -> None:
    assert quality_of(coded(scene(0), quality)) == pytest.approx(quality, abs=10)


def test_nothing_is_told_of_photos_without_traces() -> None:
    large = coded(scene(0, 480), 50)
    smaller = np.asarray(Image.fromarray(large).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    for photo in (scene(0), smaller, coded(scene(0), 50)[:24]):
        assert quality_of(photo) is None


@pytest.mark.parametrize("quality", [15, 60])
def test_what_is_pasted_gets_the_traces_and_the_rest_stays(quality: int) -> None:
    photo = coded(scene(0), quality)
    before, where = pasted(photo)
    after = with_traces(photo, before)
    np.testing.assert_array_equal(after[~where], photo[~where])
    inner = np.s_[48:112, 48:112]  # whole blocks
    assert quality_of(before[inner]) is None
    assert quality_of(after[inner]) == quality


def test_a_photo_without_traces_and_one_in_which_nothing_was_pasted_are_left_alone() -> None:
    before, _ = pasted(scene(0))
    assert with_traces(scene(0), before) is before
    photo = coded(scene(0), 20)
    np.testing.assert_array_equal(with_traces(photo, photo.copy()), photo)
