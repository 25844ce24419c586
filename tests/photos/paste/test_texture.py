"""If this fails, skin that was filled in is as smooth as wax beside skin with pores."""

import torch

from riddle_pl.photos.paste.texture import mirrored_texture

SIDE = 64


def grainy() -> tuple[torch.Tensor, torch.Tensor]:
    """Grain in the left half, which is skin; the right half is smooth."""
    x = torch.zeros(1, 3, SIDE, SIDE)
    x[..., :32] = torch.randn(1, 3, SIDE, 32, generator=torch.Generator().manual_seed(0))
    skin = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    skin[:, :32] = True
    return x, skin


def test_what_is_filled_is_as_grainy_as_what_is_known() -> None:
    x, skin = grainy()
    texture = mirrored_texture(x, skin)
    assert 0.7 < float(texture[..., 34:56].std() / x[..., 4:26].std()) < 1.1
    mirrored = texture[..., 33:50].flip(-1)
    known = x[..., 9:26].flatten()
    assert float(torch.corrcoef(torch.stack([mirrored.flatten(), known]))[0, 1]) > 0.9


def test_nothing_is_added_to_what_is_known() -> None:
    x, skin = grainy()
    assert float(mirrored_texture(x, skin)[..., :32].abs().max()) == 0.0


def test_no_texture_comes_from_beyond_the_skin() -> None:
    x, skin = grainy()
    skin[:, :20] = False
    assert float(mirrored_texture(x, skin)[..., 33:36].abs().max()) > 0.5
    assert float(mirrored_texture(x, skin)[..., 44:].abs().max()) == 0.0


def test_without_plain_skin_there_is_no_texture() -> None:
    x, skin = grainy()
    skin[:, 2:] = False
    assert float(mirrored_texture(x, skin).abs().max()) == 0.0
