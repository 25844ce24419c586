"""If this fails, faces are not found, are found twice, or a faceless photo crashes the program."""

import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import NoFaceError
from riddle_pl.faces.detect import Face, FaceDetector
from riddle_pl.faces.load import load_image


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    from skimage import data

    image: np.ndarray = data.astronaut()
    return image


def test_astronaut_is_found_exactly_once_without_network(
    detector: FaceDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    from skimage import data

    faces = detector.detect(data.astronaut())
    assert len(faces) == 1
    left, top, right, bottom = faces[0].box
    assert (faces[0].points > [left, top]).all()
    assert (faces[0].points < [right, bottom]).all()
    assert np.abs(faces[0].points[0] - [205, 102]).max() < 5  # the eye further left in the picture comes first
    assert faces[0].points.dtype == np.float64
    assert faces[0].score > 0.99


def test_same_picture_same_answer(detector: FaceDetector, astronaut: np.ndarray) -> None:
    first, second = detector.detect(astronaut)[0], FaceDetector().detect(Image.fromarray(astronaut))[0]
    assert (first.box == second.box).all()
    assert (first.points == second.points).all()


def test_large_pictures_give_points_in_their_own_pixels(detector: FaceDetector, astronaut: np.ndarray) -> None:
    large = np.asarray(Image.fromarray(astronaut).resize((2048, 2048), Image.Resampling.BICUBIC))
    expected, found = detector.detect(astronaut)[0], detector.detect(large)
    assert len(found) == 1
    assert np.abs(found[0].points / 4 - expected.points).max() < 3


def test_two_faces_largest_first(detector: FaceDetector, astronaut: np.ndarray) -> None:
    canvas = np.full((512, 900, 3), 128, np.uint8)
    canvas[:256, :256] = np.asarray(Image.fromarray(astronaut).resize((256, 256), Image.Resampling.BOX))
    canvas[:, 300:812] = astronaut
    faces = detector.detect(canvas)
    assert len(faces) == 2
    assert faces[0].area > faces[1].area
    assert faces[0].box[0] > 300


@pytest.mark.parametrize("shape", [(1, 1), (8, 300), (19, 19), (64, 64), (200, 300)])
def test_no_face(detector: FaceDetector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector.detect(noise) == []
    assert detector.detect(np.zeros_like(noise)) == []
    with pytest.raises(NoFaceError, match=r"no face was found in beach\.jpg"):
        detector.largest(noise, "beach.jpg")


def test_area_of_an_inverted_box_is_zero() -> None:
    assert Face(np.array([5.0, 5.0, 1.0, 9.0]), np.zeros((5, 2)), 1.0).area == 0.0


def test_every_shared_photo_has_a_face(shared: Path) -> None:
    fast = FaceDetector(min_face=40, max_side=640)
    for path in sorted((shared / "data" / "photos").glob("*.jpg")):
        assert fast.detect(load_image(path)), path.name
