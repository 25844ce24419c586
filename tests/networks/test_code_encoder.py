"""If this fails, the encoder's codes lie outside of the coordinates of the code model, or large photos break it."""

import pytest
import torch
import torch.nn.functional as F

from riddle_pl.networks.code_encoder import CodeEncoder
from riddle_pl.networks.resize import resize


def encoder() -> CodeEncoder:
    return CodeEncoder(32, {4: 8, 8: 8, 16: 8, 32: 8}, groups=(1, 2), rank=6, hidden=8).eval()


def test_codes_are_what_the_model_makes_of_the_coordinates() -> None:
    network = encoder()
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    v = network.coordinates(x)
    assert v.shape == (2, 512 + 6)
    w = network(x)
    assert w.shape == (2, network.num_layers, 512)
    torch.testing.assert_close(network.codes.encode(w), v, atol=1e-4, rtol=1e-4)


def test_a_larger_photo_is_averaged_down_first() -> None:
    network = encoder()
    x = torch.rand(1, 3, 128, 128) * 2 - 1
    torch.testing.assert_close(network(x), network(resize(x, (32, 32))))


def test_every_part_learns() -> None:
    network = encoder()
    network(torch.rand(2, 3, 32, 32)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


class Says(torch.nn.Module):
    """A recogniser that says which half of a face is lighter."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.mean(dim=(1, 2)).chunk(2, dim=1)
        return F.normalize(torch.stack([left.mean(dim=1), right.mean(dim=1)], dim=1), dim=1)


def test_what_the_recogniser_says_is_read_beside_the_trunk() -> None:
    torch.manual_seed(1)
    network = CodeEncoder(32, {4: 8, 8: 8, 16: 8, 32: 8}, (1, 2), 6, 8, recogniser=Says(), embedding=2)
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    features = network.features(x)
    torch.testing.assert_close(features[:, -2:], Says()(x) * 2**0.5)
    assert network(x).shape == (2, 3, 512)


@pytest.mark.parametrize(("recogniser", "embedding"), [(None, 2), (Says(), 0)])
def test_a_recogniser_and_its_width_come_together(recogniser: torch.nn.Module | None, embedding: int) -> None:
    with pytest.raises(ValueError, match="expected the width of a recogniser"):
        CodeEncoder(32, {4: 8, 8: 8, 16: 8, 32: 8}, (1, 2), 6, 8, recogniser, embedding)
