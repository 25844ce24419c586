"""The identity loss, or inversion, would use a network that is not the public one."""

import pytest
import torch

from riddle_pl.networks.irse import IRSE, ResidualUnit, irse_body


def test_every_stage_halves_the_resolution() -> None:
    body = irse_body((4, 8, 8), (1, 2, 1))
    assert len(body) == 4
    assert body(torch.randn(1, 4, 32, 32)).shape == (1, 8, 4, 4)


def test_a_shortcut_is_learned_only_where_the_width_changes() -> None:
    assert ResidualUnit(4, 4, stride=2).shortcut_layer is None
    assert ResidualUnit(4, 8, stride=1).shortcut_layer is not None


def test_embeddings_have_unit_length() -> None:
    network = IRSE((8, 16), (1, 1), embedding_dim=6, input_size=8).eval()
    torch.testing.assert_close(network(torch.randn(3, 3, 8, 8)).norm(dim=1), torch.ones(3))


def test_a_size_that_cannot_be_halved_is_an_error() -> None:
    with pytest.raises(ValueError, match="input_size is 100; expected a multiple of 16"):
        IRSE(input_size=100)
