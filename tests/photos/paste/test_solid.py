"""If this fails, a face that was refused shows at the edge of its cover, or half the photo is covered with it."""

from dataclasses import replace

import numpy as np
import pytest

from riddle_pl.photos.paste.solid import solid_face
from tests.photos.fakes import fake_face


def covered(*box: float) -> np.ndarray:
    """Where a white photo of 80 x 96 is grey."""
    photo = np.full((80, 96, 3), 255, np.uint8)
    result = solid_face(photo, replace(fake_face(), box=np.array(box)))
    grey = (result == 128).all(axis=-1)
    assert (result[~grey] == 255).all()
    assert (photo == 255).all()
    return grey


def test_the_cover_reaches_three_tenths_of_the_box_beyond_it_on_every_side():
    grey = covered(38.0, 30.0, 58.0, 60.0)  # 20 x 30 around (48, 45): 16 and 24 to either side
    rows, columns = np.nonzero(grey)
    assert (columns.min(), columns.max() + 1) == (32, 64)
    assert (rows.min(), rows.max() + 1) == (21, 69)


@pytest.mark.parametrize(("share", "inside"), [(0.82, True), (0.86, False)])
def test_its_corners_are_round(share, inside):
    """A superellipse of exponent 4: its diagonal is 0.84 of the way to the rectangle's corner."""
    grey = covered(18.0, 10.0, 78.0, 70.0)  # 48 to either side of (48, 40), beyond the photo above and below
    place = share * 48.0
    for x in (48.0 - place, 48.0 + place):
        for y in (40.0 - place, 40.0 + place):
            if 0 <= y < 80:
                assert grey[int(y), int(x)] == inside


def test_a_box_without_a_size_still_covers_its_pixels():
    assert np.argwhere(covered(20.0, 30.0, 20.0, 30.0)).tolist() == [[29, 19], [29, 20], [30, 19], [30, 20]]


def test_a_pixel_is_covered_whose_centre_is():
    grey = covered(37.8125, 29.8125, 58.1875, 60.1875)  # 16.3 and 24.3 to either side of (48, 45)
    rows, columns = np.nonzero(grey)
    assert (columns.min(), columns.max() + 1) == (32, 64)
    assert (rows.min(), rows.max() + 1) == (21, 69)
    assert np.argwhere(covered(20.25, 30.25, 20.25, 30.25)).tolist() == [[29, 19], [29, 20], [30, 19], [30, 20]]
    plus = [[29, 20], [30, 19], [30, 20], [30, 21], [31, 20]]
    assert np.argwhere(covered(20.5, 30.5, 20.5, 30.5)).tolist() == plus


def test_a_face_that_is_outside_covers_nothing():
    for box in ((-60.0, 20.0, -40.0, 40.0), (140.0, 20.0, 160.0, 40.0), (20.0, -60.0, 40.0, -40.0)):
        assert not covered(*box).any()
