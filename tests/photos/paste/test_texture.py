"""If this fails, skin that was filled in is as smooth as wax beside skin with pores."""

import torch

from riddle_pl.photos.paste.texture import skin_texture

SIDE = 256


def grainy() -> tuple[torch.Tensor, torch.Tensor]:
    """Coarse red grain in the left half, which is skin; the right half is smooth."""
    rng = torch.Generator().manual_seed(0)
    coarse = torch.nn.functional.avg_pool2d(torch.randn(1, 1, SIDE + 1, SIDE + 1, generator=rng), 2, 1)
    x = torch.cat([coarse, torch.zeros(1, 2, SIDE, SIDE)], dim=1)
    x[..., SIDE // 2 :] = 0.0
    skin = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    skin[:, : SIDE // 2] = True
    return x, skin


def neighbours(x: torch.Tensor) -> float:
    """Correlation of pixels side by side."""
    return float(torch.corrcoef(torch.stack([x[:, 1:].flatten(), x[:, :-1].flatten()]))[0, 1])


def test_it_is_as_strong_as_coarse_and_as_red_as_that_of_the_skin() -> None:
    x, skin = grainy()
    texture = skin_texture(x, skin)[0]
    assert 0.6 < float(texture[0].std() / x[0, 0, :, 4:120].std()) < 1.0
    assert abs(neighbours(texture[0]) - neighbours(x[0, 0, :, 4:120])) < 0.2
    assert float(texture[1:].abs().max()) < 1e-5
    assert abs(float(texture[0].mean())) < 0.1


def test_it_is_the_same_in_every_run() -> None:
    assert torch.equal(skin_texture(*grainy()), skin_texture(*grainy()))


def test_without_plain_skin_there_is_none() -> None:
    x, skin = grainy()
    skin[:, 2:] = False
    assert float(skin_texture(x, skin).abs().max()) == 0.0
