"""If this fails, a new face is painted over the background beside a cheek, or a part of the old cheek is left."""

import torch

from riddle_pl.photos.paste.colour_model import by_colours

SIDE = 64
SKIN, GROUND = (0.6, 0.1, -0.1), (-0.3, 0.4, 0.8)


def halves(edge: int) -> torch.Tensor:
    """Shares of two classes: left of a column, and right of it."""
    left = (torch.arange(SIDE) < edge).float().expand(SIDE, SIDE)
    return torch.stack([left, 1.0 - left])[None]


def picture(edge: int) -> torch.Tensor:
    skin, ground = (torch.tensor(colour)[:, None, None] for colour in (SKIN, GROUND))
    return torch.where(halves(edge)[0, :1] > 0.5, skin, ground)[None]


def test_a_line_that_is_a_few_pixels_off_moves_to_where_the_colours_change():
    found = by_colours(halves(34), picture(32))
    assert torch.equal(found[0, 0] > 0.5, halves(32)[0, 0] > 0.5)


def test_far_from_its_lines_the_parser_is_believed_whatever_the_colours():
    x = picture(32)
    x[..., 28:36, 4:8] = x[..., 28:36, 60:64]
    found = by_colours(halves(32), x)
    assert found[0, 0, 28:36, 4:8].min() > 0.9


def test_a_picture_of_one_colour_changes_no_line():
    maps = halves(30)
    found = by_colours(maps, torch.zeros(1, 3, SIDE, SIDE))
    assert torch.equal(found[0, 0] > 0.5, maps[0, 0] > 0.5)
    assert torch.allclose(found.sum(dim=1), torch.ones(1, SIDE, SIDE))


def test_images_of_a_batch_know_nothing_of_each_other():
    maps = torch.cat([halves(34), halves(20)])
    x = torch.cat([picture(31), picture(22)])
    together = by_colours(maps, x)
    assert torch.allclose(together[1:], by_colours(maps[1:], x[1:]), atol=1e-5)
