"""If this fails, hair or background of a generated picture shows on a pasted face, or known pixels are changed."""

import torch

from riddle_pl.photos.paste.fill import fill


def test_known_pixels_stay_and_others_lie_between_them() -> None:
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.4
    known = torch.ones(1, 1, 32, 32)
    known[..., 10:20, 12:26] = 0.0
    spoilt = torch.where(known > 0, x, 50.0)
    filled = fill(spoilt, known)
    torch.testing.assert_close(filled[..., known[0, 0] > 0], x[..., known[0, 0] > 0])
    hole = filled[..., known[0, 0] == 0]
    assert float(hole.min()) >= 0.4
    assert float(hole.max()) <= 0.6


def test_one_known_pixel_fills_the_image() -> None:
    known = torch.zeros(1, 1, 16, 16)
    known[..., 3, 5] = 1.0
    filled = fill(torch.full((1, 3, 16, 16), 0.3), known)
    torch.testing.assert_close(filled, torch.full((1, 3, 16, 16), 0.3))
