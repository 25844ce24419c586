"""A failure here: a sample sheet would pair faces with the wrong results, or crash on few images."""

import torch

from riddle_pl.pretraining.sheet import COLUMNS, spread, stacked_rows


def test_rows_alternate_and_the_last_is_filled_up() -> None:
    count = COLUMNS + 2
    first = torch.arange(count).float()[:, None, None, None].expand(count, 3, 2, 2)
    sheet = stacked_rows(first, first + 100)[:, 0, 0, 0].reshape(4, COLUMNS)
    assert sheet[0].tolist() == list(range(COLUMNS))
    assert sheet[1].tolist() == list(range(100, 100 + COLUMNS))
    assert sheet[2].tolist() == [COLUMNS, COLUMNS + 1] + [0] * (COLUMNS - 2)
    assert sheet[3, :2].tolist() == [100 + COLUMNS, 101 + COLUMNS]


def test_spread_takes_at_most_as_many_as_wanted() -> None:
    assert list(range(5))[spread(5, 32)] == [0, 1, 2, 3, 4]
    assert list(range(32))[spread(32, 32)] == list(range(32))
    chosen = list(range(100))[spread(100, 32)]
    assert len(chosen) == 32
    assert chosen[-1] > 90
