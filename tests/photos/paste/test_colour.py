"""If this fails, a pasted face shows by its colour, or carries the colours of the face that it hides."""

import torch

from riddle_pl.photos.paste.colour import LIMIT, MatchSeam, match_seam
from riddle_pl.photos.paste.mask import OvalMap, join_maps
from riddle_pl.photos.paste.views import Views

MASK = join_maps(OvalMap(64)(torch.zeros(1, 3, 8, 8)))


def test_a_face_of_a_slightly_other_tint_meets_the_photo_at_the_seam():
    tint = torch.tensor([0.15, -0.1, 0.05]).view(1, 3, 1, 1)
    photo = tint.expand(1, 3, 64, 64)
    matched = match_seam(torch.zeros(1, 3, 64, 64), MASK, photo)
    seam = ((MASK > 0) & (MASK < 0.3)).expand_as(photo)
    assert (matched - photo)[seam].abs().mean() < 0.3 * photo[seam].abs().mean()


def test_what_lies_under_the_mask_does_not_matter():
    noise = torch.Generator().manual_seed(0)
    x = torch.rand(1, 3, 64, 64, generator=noise) - 0.5
    photo = torch.rand(1, 3, 128, 128, generator=noise) - 0.5
    under = torch.nn.functional.interpolate(MASK, (128, 128)) > 0
    other = torch.where(under, torch.ones_like(photo), photo)
    torch.testing.assert_close(match_seam(x, MASK, photo), match_seam(x, MASK, other), rtol=0, atol=0)


def test_things_of_quite_another_colour_are_left_alone():
    x = torch.full((1, 3, 64, 64), 0.6)
    photo = torch.full((1, 3, 64, 64), -0.9)  # dark hair around a light face
    assert (match_seam(x, MASK, photo) - x).abs().max() < 0.02


def test_faces_of_any_size_stay_in_range_and_change_by_the_limit_at_most():
    x = torch.full((2, 3, 32, 32), 0.95)
    matched = match_seam(x, MASK.expand(2, 1, 64, 64), torch.ones(2, 3, 256, 256))
    assert matched.shape == x.shape
    assert matched.max() <= 1
    assert (matched - x).abs().max() <= LIMIT
    assert match_seam(torch.zeros(1, 3, 256, 256), MASK, torch.ones(1, 3, 64, 64)).shape == (1, 3, 256, 256)


def test_the_seam_is_matched_where_it_is_asked_for() -> None:
    photo, x = torch.ones(1, 3, 64, 64) * 0.1, torch.zeros(1, 3, 64, 64)
    assert torch.equal(MatchSeam()(Views(OvalMap(64), photo, x), MASK), match_seam(x, MASK, photo))
