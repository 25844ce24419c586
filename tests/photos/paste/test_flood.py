"""If this fails, what a map calls face elsewhere in the square is pasted, or a brow is left out."""

import pytest
import torch
from scipy.ndimage import binary_fill_holes, label

from riddle_pl.photos.paste.flood import flooded, without_holes


@pytest.mark.parametrize("seed", range(8))
def test_as_scipy_does_it(seed: int) -> None:
    mask = torch.rand(40, 56, generator=torch.Generator().manual_seed(seed)) > 0.42
    start = torch.zeros_like(mask)
    start[15:20, 20:30] = True
    parts, _ = label(mask.numpy())
    expected = torch.isin(torch.from_numpy(parts), torch.from_numpy(parts)[start & mask].unique())
    assert torch.equal(flooded(start, mask), expected & mask)
    assert torch.equal(without_holes(mask), torch.from_numpy(binary_fill_holes(mask.numpy())))


def test_nothing_is_reached_from_outside() -> None:
    mask = torch.zeros(8, 8, dtype=torch.bool)
    mask[2:6, 2:6] = True
    assert not flooded(~mask, mask).any()
    assert torch.equal(flooded(mask, mask), mask)
