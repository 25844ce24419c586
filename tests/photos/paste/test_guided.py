"""If this fails, the seam of a pasted face runs beside the edge of the head, not along it."""

import torch

from riddle_pl.photos.paste.guided import guided_filter


def test_a_soft_map_becomes_the_edge_of_the_picture() -> None:
    picture = torch.full((1, 3, 64, 64), -0.6)
    picture[..., 35:] = 0.5
    soft = torch.sigmoid((torch.arange(32) - 15.5) / 2.0).expand(1, 1, 32, 32)  # its middle lies 3 pixels beside
    sharp = guided_filter(soft, picture, 4, 1e-3)
    assert sharp.shape == (1, 1, 64, 64)
    row = sharp[0, 0, 32]
    assert float(row[36] - row[33]) > 0.4  # 0.19 in the map
    assert float(row[:30].max()) < 0.4
    assert float(row[40:].min()) > 0.6


def test_in_a_flat_picture_it_is_a_blur() -> None:
    maps = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    filtered = guided_filter(maps, torch.zeros(2, 3, 24, 24), 2, 1e-2)
    torch.testing.assert_close(filtered.mean(), maps.mean(), rtol=0, atol=0.01)
    assert filtered.std() < 0.4 * maps.std()


def test_a_map_that_is_a_picture_stays_what_it_is() -> None:
    picture = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(guided_filter(picture[:, :1], picture, 3, 1e-6), picture[:, :1], rtol=0, atol=1e-2)
