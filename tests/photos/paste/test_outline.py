"""If this fails, a jaw is pasted beside the jaw of the photo, or a face is distorted to fit."""

import math

import pytest
import torch

from riddle_pl.photos.paste.mask import CORE_CENTRE
from riddle_pl.photos.paste.outline import MOST, RAYS, outline, to_outline, unmoved

SIDE = 128
NOTHING = torch.zeros(RAYS)


def disc(radius: float) -> torch.Tensor:
    u = (torch.arange(SIDE) + 0.5) / SIDE
    x, y = u[None, :] - CORE_CENTRE[0], u[:, None] - CORE_CENTRE[1]
    return (torch.hypot(x, y) < radius).float()[None, None]


def test_the_outline_of_a_disc_is_its_radius() -> None:
    found = outline(disc(0.3))
    assert found.shape == (RAYS,)
    torch.testing.assert_close(found, torch.full((RAYS,), 0.3), rtol=0, atol=0.01)


def test_what_lies_apart_does_not_count() -> None:
    face = disc(0.25)
    face[..., 2:8, 2:8] = 1.0
    torch.testing.assert_close(outline(face), outline(disc(0.25)))


@pytest.mark.parametrize(("ours", "theirs"), [(0.24, 0.3), (0.32, 0.27)])
def test_the_new_outline_comes_to_lie_on_the_photo_s(ours: float, theirs: float) -> None:
    warped = to_outline(disc(ours), outline(disc(ours)), outline(disc(theirs)), NOTHING)
    assert float((warped > 0.5).float().mean()) == pytest.approx(math.pi * theirs**2, rel=0.03)


def test_the_middle_does_not_move() -> None:
    picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    warped = to_outline(picture, torch.full((RAYS,), 0.3), torch.full((RAYS,), 0.36), NOTHING)
    middle = disc(0.17)[0, 0] > 0
    torch.testing.assert_close(warped[..., middle], picture[..., middle], rtol=0, atol=1e-4)


def test_outlines_far_apart_do_not_fold_the_picture() -> None:
    u = (torch.arange(SIDE) + 0.5) / SIDE
    ramp = u.expand(1, 1, SIDE, SIDE).contiguous()
    for ours, theirs in ((0.1, 0.4), (0.6, 0.2)):
        row = to_outline(ramp, torch.full((RAYS,), ours), torch.full((RAYS,), theirs), NOTHING)[0, 0, round(0.6 * SIDE)]
        assert (row[12:-12].diff() > 0).all()
        assert float((row - u)[12:-12].abs().max()) <= MOST + 1e-3


def test_an_eye_near_the_edge_stays_as_it_is() -> None:
    picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    eye = torch.zeros(1, 1, SIDE, SIDE)
    eye[..., 74:80, 86:94] = 1.0
    ours, theirs = torch.full((RAYS,), 0.26), torch.full((RAYS,), 0.34)
    kept, moved = (to_outline(picture, ours, theirs, still)[..., 74:80, 86:94] for still in (unmoved(eye), NOTHING))
    torch.testing.assert_close(kept, picture[..., 74:80, 86:94], rtol=0, atol=1e-4)
    assert float((moved - picture[..., 74:80, 86:94]).abs().mean()) > 0.05
