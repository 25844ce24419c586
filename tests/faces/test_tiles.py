"""If this fails, a part of a photo is not searched, or what is found in it is put elsewhere."""

from itertools import pairwise

import numpy as np
import pytest

from riddle_pl.faces.cached import CachedDetector
from riddle_pl.faces.tiles import MULTIPLE, SHARED, SIDE, tiles
from riddle_pl.faces.turns import turned, turned_back
from tests.photos.fakes import FakeDetector, fake_face


@pytest.mark.parametrize("size", [(100, 80), (1024, 1025), (2600, 900), (5000, 300)])
def test_tiles_cover_the_photo_and_say_where_they_lie(size) -> None:
    width, height = size
    x = np.tile(np.arange(width) // 256, (height, 1))
    y = np.tile((np.arange(height) // 256)[:, None], (1, width))
    photo = np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)
    seen = np.zeros((height, width), bool)
    levels = set()
    for tile in tiles(photo, 1.0):
        levels.add(float(tile.scale.max().round(2)))
        assert max(tile.pixels.shape[:2]) <= SIDE
        if (tile.scale == 1.0).all():
            left, top = tile.corner.astype(int)
            np.testing.assert_array_equal(
                tile.pixels, photo[top : top + tile.pixels.shape[0], left : left + tile.pixels.shape[1]]
            )
            seen[top : top + tile.pixels.shape[0], left : left + tile.pixels.shape[1]] = True
    assert seen.all()
    assert (len(levels) > 1) == (max(size) > 320)


def test_what_lies_across_the_edge_of_a_tile_is_whole_in_another() -> None:
    photo = np.zeros((300, 3000, 3), np.uint8)
    spans = sorted((t.corner[0], t.corner[0] + t.pixels.shape[1]) for t in tiles(photo, 1.0) if (t.scale == 1.0).all())
    assert len(spans) > 2
    for (_, end), (start, _) in pairwise(spans):
        assert end - start >= SHARED - 1


def test_tiles_share_no_more_than_they_must() -> None:
    photo = np.zeros((300, 1211, 3), np.uint8)
    first, second = [t for t in tiles(photo, 1.0) if (t.scale == 1.0).all()]
    assert first.corner[0] + first.pixels.shape[1] - second.corner[0] < SHARED + 2 * MULTIPLE


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_face_in_a_turned_picture_is_turned_back(quarters) -> None:
    picture = np.zeros((50, 80, 3), np.uint8)
    picture[10, 70] = 255
    y, x = np.argwhere(turned(picture, quarters)[..., 0] == 255)[0]
    face = fake_face((x + 0.5, y + 0.5), 6.0)
    back = turned_back(face, quarters, 50, 80)
    middle = back.points[:2].mean(axis=0)
    assert np.allclose(middle, [70.5, 10.5])
    assert (back.box[:2] < back.box[2:]).all()
    down = back.points[2] - middle  # from the eyes to the nose
    assert np.allclose(down, {0: (0, 3), 1: (-3, 0), 2: (0, -3), 3: (3, 0)}[quarters])


def test_a_picture_is_searched_once() -> None:
    class Counts(FakeDetector):
        asked = 0

        def detect(self, image):
            self.asked += 1
            return super().detect(image)

    detector = CachedDetector(inner := Counts(fake_face()))
    picture = np.zeros((4, 6, 3), np.uint8)
    other = picture.copy()
    other[3, 5, 2] = 1
    first = detector.detect(picture)
    first.clear()  # the answer is the caller's own
    for same in (picture, picture.copy(), picture[::-1]):
        assert len(detector.detect(same)) == 1
    assert inner.asked == 1
    for different in (other, picture.reshape(6, 4, 3)):
        detector.detect(different)
    assert inner.asked == 3
