"""If this fails, terms on codes see a few directions of W alone, or those that draw nothing, or differ between runs."""

import pytest
import torch

from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.networks.stylegan2 import Generator

SPREAD = torch.cat([torch.full((6,), 0.05), torch.full((24,), 1.0), torch.full((2,), 20.0)])


def codes(count: int, seed: int = 0) -> torch.Tensor:
    """Around 3, most of the variance in two directions, hardly any in six; none of them along the axes."""
    rng = torch.Generator().manual_seed(seed)
    turn, _ = torch.linalg.qr(torch.randn(32, 32, generator=torch.Generator().manual_seed(9)))
    return torch.randn(count, 32, generator=rng) * SPREAD @ turn + 3.0


@pytest.fixture
def space() -> CodeSpace:
    return CodeSpace(codes(20_000))


def test_the_widest_directions_count_no_more_than_others_and_the_narrowest_less(space: CodeSpace) -> None:
    v = space(codes(20_000, seed=1)[:, None])[:, 0]
    mean = SPREAD.square().mean()
    expected = (SPREAD.square() / (SPREAD.square() + 0.3 * mean)).sort().values
    torch.testing.assert_close(torch.cov(v.T).diagonal().sort().values, expected, rtol=0.1, atol=0.005)
    torch.testing.assert_close(v.mean(dim=0), torch.zeros(32), rtol=0, atol=0.03)


def test_its_variance_is_half_the_distance_of_two_people(space: CodeSpace) -> None:
    a, b = space(codes(4000, seed=1)[None]), space(codes(4000, seed=2)[None])
    assert float((a - b).square().mean() / 2) == pytest.approx(float(space.variance), rel=0.03)
    assert space.variance.dtype == torch.float32


def test_it_is_moved_to_where_the_training_codes_of_each_layer_lie(space: CodeSpace) -> None:
    photos = torch.stack([codes(500, seed=1) + 2.0, codes(500, seed=2) - 1.0], dim=1)
    before = space(photos)
    space.centre(photos)
    torch.testing.assert_close(space(photos).mean(dim=0), torch.zeros(2, 32), rtol=0, atol=1e-4)
    torch.testing.assert_close(space(photos) - before, space(photos[:1]) - before[:1] + torch.zeros(500, 2, 32))
    assert not space.state_dict()


def test_a_direction_without_variance_is_no_division_by_zero() -> None:
    w = codes(500)
    w[:, 0] = 1.0
    assert CodeSpace(w)(w[:, None]).isfinite().all()


def test_it_belongs_to_the_generator_and_to_no_checkpoint() -> None:
    generator = Generator(32, {4: 4, 8: 4, 16: 4, 32: 4}, mapping_layers=2)
    torch.manual_seed(1)
    one = CodeSpace.of(generator, 50)
    torch.manual_seed(2)
    other = CodeSpace.of(generator, 50)
    assert torch.equal(one.whitening, other.whitening)
    assert torch.equal(
        one.mean, generator.mapping(torch.randn(50, 512, generator=torch.Generator().manual_seed(0))).mean(0)
    )
    assert not one.state_dict()
    assert not one.whitening.requires_grad
    assert one.double()(torch.zeros(1, 8, 512, dtype=torch.float64)).dtype == torch.float64
