"""If this fails, coordinates of codes are not normal, so that a right password shows itself, or do not come back."""

import pytest
import torch

from riddle_pl.networks.encryptors.gaussianisation import Gaussianisation, independent_components, shrunk_covariance


def crooked(count: int, seed: int = 0) -> torch.Tensor:
    """Two clusters, a heavy tail, and a curve, mixed."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(count, 4, generator=rng, dtype=torch.float64)
    clusters = 0.3 * z[:, 0] + 2.0 * z[:, 1].sign()
    made = torch.stack([clusters, z[:, 1] ** 3, z[:, 2], z[:, 2] ** 2 + 0.3 * z[:, 3]], dim=1)
    return made @ torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(5), dtype=z.dtype)).Q


def fitted(layers: int) -> Gaussianisation:
    flow = Gaussianisation(layers, 4)
    flow.fit(crooked(6000))
    return flow


def abnormality(v: torch.Tensor) -> float:
    """Largest distance, over directions, of the distribution from the normal one."""
    directions = torch.nn.functional.normalize(
        torch.randn(4, 60, generator=torch.Generator().manual_seed(1), dtype=v.dtype), dim=0
    )
    u = torch.special.ndtr(v @ directions).sort(dim=0).values
    return float((u - (torch.arange(len(v))[:, None] + 0.5) / len(v)).abs().max())


def test_others_of_the_same_distribution_become_normal() -> None:
    v = fitted(15)(crooked(4000, seed=1))
    assert abnormality(v) < 0.05
    assert abnormality(v) < 0.5 * abnormality(fitted(1)(crooked(4000, seed=1)))
    torch.testing.assert_close(v.T @ v / len(v), torch.eye(4, dtype=v.dtype), rtol=0, atol=0.1)


def test_normal_numbers_become_others_of_the_distribution() -> None:
    rng = torch.Generator().manual_seed(2)
    drawn, real = fitted(15).inverse(torch.randn(4000, 4, generator=rng)), crooked(4000, seed=3)
    for level in (0.05, 0.25, 0.5, 0.75, 0.95):
        mine, theirs = (torch.quantile(v, level, dim=0) for v in (drawn, real))
        torch.testing.assert_close(mine, theirs, rtol=0.15, atol=0.4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_what_went_in_comes_back_however_far_and_whatever_the_weights_were_rounded_to(dtype: torch.dtype) -> None:
    flow = fitted(6)
    flow.rotations.copy_(flow.rotations.to(dtype))
    for v in (crooked(50, seed=4), 1e3 * torch.randn(50, 4, dtype=torch.float64)):
        torch.testing.assert_close(flow.inverse(flow(v)), v, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(flow(flow.inverse(v)), v, rtol=1e-9, atol=1e-9)


def test_a_coordinate_that_never_changes_does_no_harm() -> None:
    samples = crooked(500)
    samples[:, 2] = 1.0
    flow = Gaussianisation(3, 4)
    flow.fit(samples)
    assert torch.isfinite(flow(samples)).all()


def test_no_layer_changes_nothing() -> None:
    v = torch.randn(5, 4, dtype=torch.float64)
    assert torch.equal(Gaussianisation(0, 4)(v), v)


def test_independent_components_are_found() -> None:
    rng = torch.Generator().manual_seed(0)
    sources = torch.rand(5000, 3, generator=rng, dtype=torch.float64) - 0.5
    turn = torch.linalg.qr(torch.randn(3, 3, generator=rng, dtype=torch.float64)).Q
    found = (turn @ independent_components(sources @ turn, 0)).abs()
    torch.testing.assert_close(found.amax(dim=0), torch.ones(3, dtype=torch.float64), rtol=0, atol=0.01)


@pytest.mark.parametrize(("layers", "dim", "knots"), [(-1, 2, 3), (1, 0, 3), (1, 2, 1)])
def test_what_is_no_chain_is_refused(layers: int, dim: int, knots: int) -> None:
    with pytest.raises(ValueError, match="expected at least 0, 1 and 2"):
        Gaussianisation(layers, dim, knots)


def test_the_last_layer_takes_other_samples_to_mean_0_and_covariance_1():
    flow, rng = Gaussianisation(3, 4), torch.Generator().manual_seed(0)
    flow.fit(torch.randn(2000, 4, generator=rng).exp(), layers=2)
    others = 0.3 + torch.randn(5000, 4, generator=rng).exp() @ torch.randn(4, 4, generator=rng)
    flow.whiten(others)
    v = flow(others)
    torch.testing.assert_close(v.mean(dim=0), torch.zeros(4, dtype=v.dtype), rtol=0, atol=1e-4)
    torch.testing.assert_close(torch.cov(v.T), torch.eye(4, dtype=v.dtype), rtol=0, atol=0.1)
    torch.testing.assert_close(flow.inverse(v), others.double(), rtol=0, atol=1e-8)


def test_the_covariance_of_few_samples_is_shrunk():
    rng = torch.Generator().manual_seed(0)
    truth = torch.diag(torch.linspace(0.5, 2.0, 30, dtype=torch.float64))
    v = torch.randn(40, 30, generator=rng, dtype=torch.float64) @ truth.sqrt()
    shrunk, plain = shrunk_covariance(v), torch.cov(v.T, correction=0)
    assert (shrunk - truth).norm() < 0.7 * (plain - truth).norm()
    many = torch.randn(100_000, 30, generator=rng, dtype=torch.float64) @ truth.sqrt()
    torch.testing.assert_close(shrunk_covariance(many), truth, rtol=0, atol=0.05)
