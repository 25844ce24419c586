"""If this fails, faces in photos are not found and so published: small, turned, cut ones, or those of one detector."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from riddle_pl.errors import ConfigError
from riddle_pl.faces.detect import Face, FaceDetector
from riddle_pl.faces.find import MTCNN, RETINA, PhotoFaceDetector, same_face
from riddle_pl.faces.load import load_image
from riddle_pl.faces.turns import turned
from tests.photos.fakes import fake_face

BOTH = (MTCNN, RETINA)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    from skimage import data

    return np.asarray(data.astronaut()[20:230, 110:340])


@pytest.fixture(scope="module")
def detector() -> PhotoFaceDetector:
    return PhotoFaceDetector()


@pytest.fixture(scope="module")
def truth(astronaut: np.ndarray) -> Face:
    [face] = FaceDetector().detect(astronaut)
    return face


def canvas(face: np.ndarray, scale: float, size: tuple[int, int], *places: tuple[int, int]) -> np.ndarray:
    """The face at some places; what reaches beyond the canvas is cut off."""
    photo = Image.new("RGB", size, (128, 128, 128))
    part = Image.fromarray(face).resize([round(side * scale) for side in face.shape[1::-1]], Image.Resampling.LANCZOS)
    for place in places:
        photo.paste(part, place)
    return np.asarray(photo)


def test_faces_of_28_pixels_are_found_in_a_photo_of_any_size(detector, astronaut, truth) -> None:
    scale = 30 / min(truth.box[2:] - truth.box[:2])
    places = [(40, 30), (1730, 610), (2940, 40), (980, 820)]
    faces = detector.detect(canvas(astronaut, scale, (3000, 1000), *places))
    assert len(faces) == 4
    for place in places:
        expected = truth.points * scale + place
        assert min(np.abs(face.points - expected).max() for face in faces) < 2.0
    assert {face.found_by for face in faces} == {BOTH}


def test_a_small_face_of_a_large_photo_is_found_where_it_is(detector, astronaut, truth) -> None:
    [face] = detector.detect(canvas(astronaut, 0.5, (1400, 700), (900, 300)))
    assert np.abs(face.points - (truth.points * 0.5 + [900, 300])).max() < 2.5  # of an eye distance of 25
    assert face.points.dtype == np.float64


def test_a_face_larger_than_the_tiles_is_found_once_and_whole(detector, astronaut, truth) -> None:
    [face] = detector.detect(canvas(astronaut, 7.0, (1600, 1500), (-10, 20)))
    assert face.found_by == BOTH
    assert np.abs(face.points - (truth.points * 7.0 + [-10, 20])).max() < 35  # of an eye distance of 350


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_face_is_found_with_its_points_in_its_own_order(detector, astronaut, truth, quarters) -> None:
    photo = turned(astronaut, quarters)
    [face] = detector.detect(photo)
    assert face.found_by == BOTH
    height, width = astronaut.shape[:2]
    x, y = truth.points.T
    expected = {1: (y, width - x), 2: (width - x, height - y), 3: (height - y, x)}[quarters]
    assert np.abs(face.points - np.stack(expected, axis=1)).max() < 6.0  # of an eye distance of 50


def test_a_lying_person_beside_an_upright_one_is_found(detector, astronaut) -> None:
    photo = np.full((420, 800, 3), 128, np.uint8)
    photo[100:310, 40:270] = astronaut
    lying = turned(astronaut, 1)
    photo[100 : 100 + lying.shape[0], 500 : 500 + lying.shape[1]] = lying
    faces = detector.detect(photo)
    assert [face.found_by for face in faces] == [BOTH, BOTH]


def test_a_face_of_which_the_border_leaves_half_is_seen_if_by_one_only(detector, astronaut, truth) -> None:
    photo = canvas(astronaut, 1.5, (800, 400), (50, 20), (800 - round(1.5 * truth.points[2, 0]), 30))
    faces = detector.detect(photo)
    assert len(faces) == 2
    cut = max(faces, key=lambda face: face.box[0])
    assert cut.box[2] > 780
    assert cut.found_by


@pytest.mark.parametrize("size", [(1200, 900), (1, 1), (30, 900)])
def test_no_face(detector, size) -> None:
    assert detector.detect(np.zeros((size[1], size[0], 3), np.uint8)) == []
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 4 + 1, size[0] // 4 + 1, 3), dtype=np.uint8)
    assert detector.detect(noise) == []


class Sees:
    """A detector that sees the same whatever it is shown, if the picture is of one side."""

    def __init__(self, *faces: Face, side: int | None = None):
        self.faces, self.side = list(faces), side

    def detect(self, image: np.ndarray) -> list[Face]:
        return self.faces if self.side in (None, image.shape[1]) else []


class SeesMiddle:
    """Sees a face in the middle of what it is shown, of the size that faces have in a close look."""

    def __init__(self, score: float):
        self.score = score

    def detect(self, image: np.ndarray) -> list[Face]:
        height, width = image.shape[:2]
        box = np.array([0.27 * width, 0.27 * height, 0.73 * width, 0.73 * height])
        return [Face(box, fake_face((width / 2, height / 2)).points, self.score)]


@pytest.mark.parametrize(
    ("mtcnn", "retina", "expected"),
    [
        ((0.96, 0.85), (None, None), (MTCNN,)),
        ((0.94, 0.94), (None, None), None),
        ((0.96, None), (None, None), None),
        ((None, None), (0.91, 0.6), (RETINA,)),
        ((None, None), (0.89, 0.89), None),
        ((None, None), (0.91, None), None),
        ((0.96, None), (0.51, None), BOTH),
        ((None, 0.85), (0.51, None), BOTH),
    ],
)
def test_what_one_detector_sees_is_kept_where_it_is_sure_and_sees_it_closely_too(mtcnn, retina, expected) -> None:
    detector = PhotoFaceDetector()
    face = fake_face((150.0, 150.0), 40.0)
    scores = {MTCNN: mtcnn, RETINA: retina}
    detector._search = {
        name: Sees(replace(face, score=far), side=300) if far else Sees() for name, (far, _) in scores.items()
    }
    detector._close_up_search = {name: SeesMiddle(near) if near else Sees() for name, (_, near) in scores.items()}
    faces = detector.detect(np.zeros((310, 300, 3), np.uint8))
    assert [one.found_by for one in faces] == ([] if expected is None else [expected])


def test_boxes_of_one_face() -> None:
    face = fake_face()
    assert same_face(face, face.moved(1.0, np.array([4.0, 0.0])))
    assert not same_face(face, face.moved(1.0, np.array([40.0, 0.0])))


@pytest.mark.slow
def test_shared_photos_hold_the_people_that_they_show(shared, detector) -> None:
    """Of the two officials' picture: also the girl in the shade, whom MTCNN alone does not see."""
    people = detector.detect(load_image(shared / "data" / "photos" / "official_two_people.jpg"))
    assert [face.found_by for face in people] == [BOTH] * 3


@pytest.mark.parametrize("wrong", [{"min_face": 5}, {"min_score": 1.5}])
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PhotoFaceDetector(**wrong)  # type: ignore[arg-type]
