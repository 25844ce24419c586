"""The light recogniser would not take the crops that it was made for, or take others in silence."""

import pytest
import torch

from riddle_pl.networks.mobilefacenet import MobileFaceNet


@pytest.mark.parametrize("size", [(16, 16), (112, 96), (64, 48)])
def test_embedding_of_any_size_that_is_a_multiple_of_16(size: tuple[int, int]) -> None:
    network = MobileFaceNet(8, size, 0.125).eval()
    assert network(torch.zeros(2, 3, *size)).shape == (2, 8)


def test_the_public_one_has_a_million_parameters() -> None:
    assert sum(p.numel() for p in MobileFaceNet().parameters()) == 999_552


def test_wrong_sizes_are_errors_that_name_both() -> None:
    with pytest.raises(ValueError, match="112x100; expected multiples of 16"):
        MobileFaceNet(input_size=(112, 100))
    with pytest.raises(ValueError, match=r"96x112 \(height x width\); expected 112x96"):
        MobileFaceNet(8, (112, 96), 0.125)(torch.zeros(1, 3, 96, 112))
