"""The parsing loss would see labels of the wrong size, or none."""

import pytest
import torch

from riddle_pl.networks.parser_unet import FaceParserUNet


@pytest.mark.parametrize("widths", [(4, 8, 16, 32, 64), (4, 4, 8, 8, 8)])
def test_one_logit_map_per_class_at_full_resolution(widths: tuple[int, ...]) -> None:
    parser = FaceParserUNet(5, widths).eval()
    assert parser(torch.zeros(2, 3, 32, 48)).shape == (2, 5, 32, 48)


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="20x32; expected sides that are multiples of 16"):
        FaceParserUNet(2, (4, 4, 4, 4, 4))(torch.zeros(1, 3, 20, 32))
    with pytest.raises(ValueError, match="expected five"):
        FaceParserUNet(2, (4, 4))
