"""If this fails, codes come back from their coordinates as other codes: faces are not recovered."""

import pytest
import torch

from riddle_pl.networks.encryptors.principal_code_model import PrincipalCodeModel

GROUPS = (1, 2, 3)


def some_codes(count: int, seed: int = 0) -> torch.Tensor:
    """Of a normal distribution with 5 directions, in 8 numbers for each of 3 groups."""
    rng = torch.Generator().manual_seed(seed)
    mixing = torch.randn(5, 3 * 8, generator=torch.Generator().manual_seed(9))
    grouped = (3.0 + torch.randn(count, 5, generator=rng) @ mixing).unflatten(1, (3, 8))
    return grouped.repeat_interleave(torch.tensor(GROUPS), dim=1)


def fitted(components: int = 5) -> PrincipalCodeModel:
    model = PrincipalCodeModel(GROUPS, components, dim=8)
    model.fit(model.grouped(some_codes(2000)))
    return model


def test_codes_inside_come_back_and_their_coordinates_are_standard_normal() -> None:
    model, w = fitted(), some_codes(500, seed=1)
    v = model.encode(w)
    torch.testing.assert_close(model.decode(v), w.double(), rtol=0, atol=1e-4)  # the basis is kept in float32
    torch.testing.assert_close(v.mean(dim=0), torch.zeros(5).double(), rtol=0, atol=0.15)
    torch.testing.assert_close(v.T @ v / len(v), torch.eye(5).double(), rtol=0, atol=0.2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_coordinates_come_back_whatever_the_weights_were_rounded_to(dtype: torch.dtype) -> None:
    model = fitted()
    model.basis.copy_(model.basis.to(dtype))
    v = 12.0 * torch.randn(50, 5, dtype=torch.float64)
    torch.testing.assert_close(model.encode(model.decode(v)), v, rtol=0, atol=1e-10)


def test_another_code_goes_to_the_nearest_inside() -> None:
    model = fitted(3)
    w = some_codes(20, seed=2)
    inside = model.decode(model.encode(w))
    torch.testing.assert_close(model.decode(model.encode(inside)), inside)
    grouped = model.grouped(w.double() - inside).flatten(1)
    torch.testing.assert_close(grouped @ model.basis.double().T, torch.zeros(20, 3).double(), rtol=0, atol=1e-6)
    assert grouped.norm() > 1.0


def test_the_strongest_component_comes_first_and_all_of_them_are_the_whole() -> None:
    model = PrincipalCodeModel(GROUPS, 5, dim=8)
    shares = model.fit(model.grouped(some_codes(2000)))
    assert shares.tolist() == sorted(shares.tolist(), reverse=True)
    assert float(shares.sum()) == pytest.approx(1.0, abs=1e-4)


def test_layers_of_a_group_share_one_code() -> None:
    w = fitted().decode(torch.randn(4, 5))
    assert w.shape == (4, 6, 8)
    assert torch.equal(w[:, 1], w[:, 2])
    assert torch.equal(w[:, 3], w[:, 5])
    assert not torch.allclose(w[:, 0], w[:, 1])


def test_half_the_squared_length_is_the_energy() -> None:
    assert fitted().energy(torch.tensor([[3.0, 4.0, 0.0, 0.0, 0.0]])).tolist() == [12.5]


@pytest.mark.parametrize(
    ("groups", "components", "message"),
    [
        ((), 1, "groups are"),
        ((1, 0), 1, "groups are"),
        ((1, 1), 0, "components is 0"),
        ((1, 1), 17, "components is 17"),
    ],
)
def test_what_is_no_model_is_refused(groups: tuple[int, ...], components: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PrincipalCodeModel(groups, components, dim=8)


def test_fewer_codes_than_components_are_refused() -> None:
    with pytest.raises(ValueError, match="5 codes for 5 components"):
        PrincipalCodeModel(GROUPS, 5, dim=8).fit(torch.zeros(5, 3, 8))


def test_a_few_components_of_many_are_the_same_as_the_first_of_all() -> None:
    few, all_of_them = PrincipalCodeModel(GROUPS, 3, dim=8), PrincipalCodeModel(GROUPS, 12, dim=8)
    w = few.grouped(some_codes(2000))
    shares, of_all = few.fit(w), all_of_them.fit(w)
    torch.testing.assert_close(shares, of_all[:3])
    torch.testing.assert_close(few.basis.abs(), all_of_them.basis[:3].abs(), rtol=0, atol=1e-4)
