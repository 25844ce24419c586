"""If this fails, small faces in large photos stay as they are, or are cut out in the wrong place."""

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import ConfigError
from riddle_pl.photos.detect import FaceDetector
from riddle_pl.photos.find import PhotoFaceDetector


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    from skimage import data

    return np.asarray(data.astronaut()[20:230, 110:340])


def canvas(face: np.ndarray, scale: float, size: tuple[int, int], place: tuple[int, int]) -> np.ndarray:
    photo = np.full((size[1], size[0], 3), 128, np.uint8)
    part = Image.fromarray(face).resize([round(side * scale) for side in face.shape[1::-1]], Image.Resampling.LANCZOS)
    photo[place[1] : place[1] + part.height, place[0] : place[0] + part.width] = np.asarray(part)
    return photo


def test_a_small_face_of_a_large_photo_is_found_where_it_is(astronaut: np.ndarray) -> None:
    truth = FaceDetector().detect(astronaut)[0].points
    photo = canvas(astronaut, 0.5, (1400, 700), (900, 300))
    [face] = PhotoFaceDetector().detect(photo)
    assert np.abs(face.points - (truth * 0.5 + [900, 300])).max() < 2.5  # of an eye distance of 25
    assert face.points.dtype == np.float64


def test_small_photos_are_searched_as_they_are(astronaut: np.ndarray) -> None:
    [found], [expected] = PhotoFaceDetector().detect(astronaut), FaceDetector().detect(astronaut)
    assert (found.points == expected.points).all()


def test_no_face() -> None:
    assert PhotoFaceDetector().detect(np.zeros((900, 1200, 3), np.uint8)) == []


@pytest.mark.parametrize("wrong", [{"min_face": 5}, {"max_side": 100}, {"min_score": 1.5}])
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PhotoFaceDetector(**wrong)  # type: ignore[arg-type]
