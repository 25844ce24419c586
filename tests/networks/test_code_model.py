"""If this fails, codes do not survive the coordinates that inversion works in, or drawn faces are not normal there."""

import pytest
import torch

from riddle_pl.networks.code_model import GaussianCodeModel
from riddle_pl.networks.stylegan2 import Generator

DIM = 16
GROUPS = (1, 1, 2)


@pytest.fixture(scope="module")
def generator() -> Generator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return Generator(8, {4: 4, 8: 4}, style_dim=DIM, mapping_layers=2).requires_grad_(False)


@pytest.fixture(scope="module")
def model(generator: Generator) -> GaussianCodeModel:
    model = GaussianCodeModel(GROUPS, rank=5, dim=DIM)
    model.fit(generator)
    return model


def test_every_code_of_the_model_comes_back(model: GaussianCodeModel) -> None:
    v = torch.randn(7, model.size)
    assert model.size == DIM + 2 * 5
    torch.testing.assert_close(model.encode(model.decode(v)), v, atol=2e-4, rtol=1e-4)


def test_drawn_faces_are_standard_normal_without_offsets(model: GaussianCodeModel, generator: Generator) -> None:
    w = generator.broadcast(generator.mapping(torch.randn(20_000, DIM)))
    v = model.encode(w)
    base, offsets = v[:, :DIM], v[:, DIM:]
    assert base.mean(dim=0).abs().max() < 0.05
    torch.testing.assert_close(torch.cov(base.T), torch.eye(DIM), atol=0.06, rtol=0)
    assert offsets.abs().max() < 1e-3


def test_the_strongest_axis_comes_first(model: GaussianCodeModel) -> None:
    assert (model.scale.diff() <= 0).all()
    torch.testing.assert_close(model.axes @ model.axes.T, torch.eye(DIM), atol=1e-5, rtol=0)


def test_layers_of_a_group_share_an_offset_and_the_first_has_none(model: GaussianCodeModel) -> None:
    v = torch.randn(3, model.size)
    w = model.decode(v)
    assert torch.equal(w[:, 2], w[:, 3])
    assert not torch.equal(w[:, 1], w[:, 2])
    without = model.decode(torch.cat([v[:, :DIM], torch.zeros_like(v[:, DIM:])], dim=1))
    assert torch.equal(w[:, 0], without[:, 0])
    torch.testing.assert_close(without, without[:, :1].expand(-1, 4, -1))


def test_an_offset_of_one_is_a_quarter_of_a_deviation(model: GaussianCodeModel) -> None:
    v = torch.zeros(1, model.size)
    v[0, DIM] = 1.0
    w = model.decode(v)
    assert (w[0, 1] - w[0, 0]).norm().item() == pytest.approx(0.25 * model.scale[0].item(), rel=1e-4)


def test_energy_is_half_the_squared_length(model: GaussianCodeModel) -> None:
    assert model.energy(torch.full((2, model.size), 2.0)).tolist() == [2.0 * model.size] * 2


@pytest.mark.parametrize(("groups", "rank"), [((), 4), ((1, 0), 4), ((1, 2), 0), ((1, 2), DIM + 1)])
def test_an_impossible_shape_is_an_error(groups: tuple[int, ...], rank: int) -> None:
    with pytest.raises(ValueError, match=f"rank is {rank}"):
        GaussianCodeModel(groups, rank, dim=DIM)
