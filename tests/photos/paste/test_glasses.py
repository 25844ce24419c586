"""If this fails, a lens beside the head counts as cheek and becomes a bulge, or a cheek goes with the glasses."""

import torch

from riddle_pl.photos.paste.glasses import standing_out

SIDE = 128


def disc(x: float, y: float, radius: float) -> torch.Tensor:
    u = (torch.arange(SIDE) + 0.5) / SIDE
    return (torch.hypot(u[None, :] - x, u[:, None] - y) < radius).float()[None, None]


HEAD = disc(0.5, 0.6, 0.3)


def test_a_lens_beside_the_head_stands_out_and_the_head_does_not() -> None:
    lens = disc(0.78, 0.52, 0.09)
    found = standing_out(torch.maximum(HEAD, lens), lens)
    assert float((found * HEAD).sum()) < 0.03 * float(lens.sum())
    assert float((found * lens * (1 - disc(0.5, 0.6, 0.32))).sum()) > 0.95 * float(
        (lens * (1 - disc(0.5, 0.6, 0.32))).sum()
    )


def test_glasses_within_the_outline_do_not_stand_out() -> None:
    lenses = torch.maximum(disc(0.4, 0.5, 0.07), disc(0.6, 0.5, 0.07))
    assert float(standing_out(HEAD, lenses).sum()) == 0


def test_a_head_without_glasses_and_one_that_is_all_glasses_stay_whole() -> None:
    assert float(standing_out(HEAD, torch.zeros_like(HEAD)).sum()) == 0
    assert float(standing_out(HEAD, HEAD).sum()) == 0
