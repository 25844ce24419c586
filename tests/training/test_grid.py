"""A failure here: the validation picture would show the wrong thing, or nothing."""

import numpy as np
import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.training.grid import COLUMNS, HEADING, ImageGrid, image_grid


def test_columns_are_in_order_and_clamped() -> None:
    shades = {name: torch.full((3, 3, 64, 64), -1 + index / 3) for index, name in enumerate(COLUMNS)}
    shades["x_wrong2"] = torch.full((3, 3, 64, 64), 7.0)
    grid = image_grid(shades, rows=2)
    assert grid.shape == (HEADING + 2 * 64, 7 * 64, 3)
    assert grid.dtype == np.uint8
    middle = [int(grid[HEADING + 8, 64 * column + 8, 0]) for column in range(7)]
    assert middle == sorted(middle)
    assert middle[0] == 0
    assert middle[-1] == 255


def test_a_photo_of_another_size_is_resized_and_a_missing_one_left_out() -> None:
    images = {"x": torch.zeros(1, 3, 64, 64)}
    assert image_grid(images, 4).shape[1] == 64
    assert image_grid(images | {"photo": torch.zeros(1, 3, 100, 100), "unknown": torch.zeros(1)}, 4).shape[1] == 128


def test_small_images_are_enlarged_sharply() -> None:
    image = torch.full((1, 3, 32, 32), -1.0)
    image[..., 16:] = 1.0
    grid = image_grid({"x": image}, 1)
    assert grid.shape == (HEADING + 64, 64, 3)
    assert set(np.unique(grid[HEADING:])) == {0, 255}


def test_no_faces() -> None:
    with pytest.raises(ConfigError, match="faces=0"):
        ImageGrid(faces=0)
