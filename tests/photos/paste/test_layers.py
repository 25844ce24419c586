"""If this fails, a coloured face is pasted into a black-and-white photo."""

import numpy as np
import pytest
import torch

from riddle_pl.photos.paste.colour import ColourMatch, MatchSeam
from riddle_pl.photos.paste.grain import GrainMatch, KeepGrain, MatchGrain
from riddle_pl.photos.paste.layers import Brush
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.paste.skin_colour import MatchSkin

QUAD = np.array([[10.0, 10.0], [10.0, 138.0], [138.0, 138.0], [138.0, 10.0]])


@pytest.mark.parametrize("recovering", [False, True])
@pytest.mark.parametrize(("colour", "grain"), [(MatchSeam(), KeepGrain()), (MatchSkin(), MatchGrain())])
def test_black_and_white_in_black_and_white_out(colour: ColourMatch, grain: GrainMatch, recovering: bool) -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(60, 200, (150, 150, 1), dtype=np.uint8)
    x = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) - 0.5
    x[0] += 0.4  # reddish
    brush = Brush(OvalMap(64), colour, grain)

    def spread(photo: np.ndarray) -> int:
        result = brush.paste(photo, [brush.layer(photo, QUAD, x, recovering)]).astype(int)
        assert (result != photo).any()
        return int((result.max(axis=-1) - result.min(axis=-1)).max())

    assert spread(grey.repeat(3, axis=-1)) <= 2
    assert spread(rng.integers(60, 200, (150, 150, 3), dtype=np.uint8)) > 40
