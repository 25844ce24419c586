"""If this fails, the two ways of drawing are compared by wrong figures, or the second pastes no head."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from riddle_pl.errors import RiddleError
from riddle_pl.photos.paste.colour import MatchSeam
from riddle_pl.photos.paste.grain import KeepGrain
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.mask import BiSeNetMap

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture(scope="module")
def whole_head() -> ModuleType:
    sys.path.insert(0, str(SCRIPTS))
    try:
        spec = importlib.util.spec_from_file_location("whole_head", SCRIPTS / "whole_head.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPTS))
    return module


class Reds(BiSeNetMap):
    """A parser for which what is red is hair, and all else background."""

    size = 64

    def __init__(self) -> None:
        pass

    def classes(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.zeros(len(x), 19, 64, 64)
        small = torch.nn.functional.interpolate(x, (64, 64))
        found[:, 17] = (small[:, 0] > 0.5).float()
        found[:, 0] = 1 - found[:, 17]
        return found


class RedMap:
    """A face map by that parser."""

    size = 64

    def __init__(self) -> None:
        self.parser = Reds()
        self.regions = self

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.parser.classes(x)[:, 17:18]


def test_the_new_head_is_pasted_and_what_the_old_one_covered_is_filled(whole_head, monkeypatch):
    monkeypatch.setattr(whole_head, "FittedMap", RedMap)
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[:, :, 1] = 100
    photo[8:60, 8:56] = [255, 0, 0]  # the old head, wider than the new one
    x = torch.full((3, 64, 64), -1.0)
    x[:, 16:60, 20:44] = torch.tensor([1.0, 1.0, -1.0])[:, None, None]
    brush = whole_head.HeadBrush(RedMap(), MatchSeam(), KeepGrain())
    quad = np.array([[0, 0], [0, 64], [64, 64], [64, 0]], dtype=np.float64)
    result = brush.paste(photo, [brush.layer(photo, quad, x)])
    assert abs(result[40, 32].astype(int) - [255, 255, 0]).max() < 40
    assert result[40, 12, 0] < 40
    assert abs(int(result[40, 12, 1]) - 100) < 40
    areas = whole_head.areas(brush, photo, result, quad)
    assert 0.1 < areas["invented"] < areas["changed"] < 0.9


def test_a_pack_without_bisenet_tells_no_heads(whole_head):
    brush = Brush(RedMap(), MatchSeam(), KeepGrain())
    with pytest.raises(RiddleError, match="the pack has no face_mask"):
        whole_head.heads(brush, torch.zeros(1, 3, 64, 64))


def test_the_table_has_medians_of_both_ways(whole_head, tmp_path):
    rows = {
        way: [{"seam": k, "recovered is": 1.0} for k in values]
        for way, values in zip(whole_head.WAYS, ([1.0, 2.0, 6.0], [3.0, 4.0, 5.0]), strict=True)
    }
    tile = np.zeros((whole_head.TILE, 3 * whole_head.TILE, 3), np.uint8)
    whole_head.write(tmp_path, rows, [tile] * 3, 0)
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert lines[2:] == ["| seam | 2.000 (3.000) | 4.000 (4.000) |"]
    assert (tmp_path / "sheet.jpg").exists()
