"""If this fails, an encrypted photo shows a hard square around the face, or changes where there is no face."""

import numpy as np
import pytest
import torch

from riddle_pl.photos.align import align_face, ffhq_quad
from riddle_pl.photos.blend import SOLID, blend_face, soft_mask
from tests.photos.fakes import fake_face, fake_photo


def test_mask_is_solid_over_the_face_and_fades_to_nothing_at_the_sides():
    mask = soft_mask(64)
    assert mask.shape == (1, 1, 64, 64)
    inside = round(64 * (1 - SOLID) / 2) + 6
    assert (mask[..., inside:-inside, inside:-inside] == 1).all()
    border = torch.cat([mask[..., 0, :], mask[..., -1, :], mask[..., :, 0], mask[..., :, -1]])
    assert float(border.max()) < 0.02
    torch.testing.assert_close(mask, mask.flip(-1))
    torch.testing.assert_close(mask, mask.transpose(-1, -2))
    steps = mask[0, 0, 32].diff().abs()
    assert float(steps.max()) < 0.3  # no edge


def test_only_pixels_inside_the_quad_change():
    photo, quad = fake_photo(), ffhq_quad(fake_face().points)
    before = photo.copy()
    result = blend_face(photo, torch.ones(1, 3, 32, 32), quad)
    np.testing.assert_array_equal(photo, before)  # the given photo is left alone
    left, top = np.floor(quad.min(axis=0)).astype(int)
    right, bottom = np.ceil(quad.max(axis=0)).astype(int)
    outside = np.ones(photo.shape[:2], dtype=bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(result[outside], photo[outside])
    x, y = quad.mean(axis=0).astype(int)
    assert (result[y, x] == 255).all()


def test_blending_the_aligned_face_back_changes_little():
    y, x = np.mgrid[0:80, 0:96]
    photo = np.stack([2 * x, 2 * y, x + y], axis=-1).astype(np.uint8)  # smooth: sampling twice loses nothing
    quad = ffhq_quad(fake_face().points)
    result = blend_face(photo, align_face(photo, quad, 64), quad)
    assert np.abs(result.astype(int) - photo.astype(int)).max() <= 2


@pytest.mark.parametrize("centre", [(2.0, 2.0), (94.0, 78.0)])
def test_faces_at_the_border_of_the_photo(centre):
    photo, quad = fake_photo(), ffhq_quad(fake_face(centre).points)
    result = blend_face(photo, torch.ones(1, 3, 32, 32), quad)
    assert result.shape == photo.shape
    assert (result != photo).any()
