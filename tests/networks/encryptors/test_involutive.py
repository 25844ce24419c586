"""If this fails, the right password no longer gives the original code back, or a part of every code passes in clear."""

import pytest
import torch

from riddle_pl.config import compose_jobs, instantiate
from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor

LAYERS, DIM, RANK = 6, 16, 8


@pytest.fixture
def encryptor() -> InvolutiveEncryptor:
    torch.manual_seed(0)
    network = InvolutiveEncryptor(LAYERS, dim=DIM, rank=RANK, hidden=8, heads=2, depth=3).double()
    mixing = torch.randn(DIM, DIM).double()
    network.fit_latents(torch.randn(500, LAYERS, DIM).double() @ mixing + 3.0)
    for shift in network.shifts:
        torch.nn.init.normal_(shift.to_shift.weight)
    return network


def codes(seed: int) -> torch.Tensor:
    return torch.randn(4, LAYERS, DIM, generator=torch.Generator().manual_seed(seed)).double()


def test_right_password_returns_the_code(encryptor: InvolutiveEncryptor) -> None:
    w, password = codes(1), codes(2)
    torch.testing.assert_close(encryptor(encryptor(w, password), password), w, rtol=1e-9, atol=1e-9)


def test_other_password_does_not(encryptor: InvolutiveEncryptor) -> None:
    w, password, wrong = codes(1), codes(2), codes(3)
    w_enc = encryptor(w, password)
    w_wrong = encryptor(w_enc, wrong)
    assert (w_enc - w).norm() > 0.1 * w.norm()
    assert (w_wrong - w).norm() > 0.1 * w.norm()


def in_clear(network: InvolutiveEncryptor) -> float:
    """Share of the variance of random codes in directions that no password changes (relative to it, by 1e-6)."""
    dim, rng = len(network.basis), torch.Generator().manual_seed(0)
    mixing = torch.randn(dim, dim, generator=rng) / dim**0.5
    w = torch.randn(max(64, 2 * dim // LAYERS), LAYERS, dim, generator=rng) @ mixing
    network.fit_latents(w)
    network.double()
    w = w.double()
    with torch.no_grad():
        change = network(w, w[torch.randperm(len(w), generator=rng)]) - w  # each password is another code
    variances = torch.cov(w.flatten(0, 1).T)
    moved, directions = torch.linalg.eigh(torch.cov(change.flatten(0, 1).T))
    held = (directions * (variances @ directions)).sum(dim=0)
    return float(held[moved < 1e-6 * held].sum() / variances.trace())


def test_no_part_of_a_code_passes_unchanged() -> None:
    """Of the encryptor that the shipped config builds; a rank leaves what is measured here in clear."""
    [cfg] = compose_jobs("train", [])
    torch.manual_seed(0)
    assert in_clear(instantiate(cfg.encryptor, "encryptor", num_layers=LAYERS)) == 0.0
    assert in_clear(instantiate(cfg.encryptor, "encryptor", num_layers=LAYERS, rank=128)) > 0.1


def test_a_rank_leaves_the_other_components_in_clear(encryptor: InvolutiveEncryptor) -> None:
    w = codes(1)
    change = (encryptor(w, codes(2)) - w) @ encryptor.basis
    assert change[..., :RANK].abs().min() > 0
    torch.testing.assert_close(change[..., RANK:], torch.zeros(4, LAYERS, DIM - RANK).double(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("rank", [0, 7, 18])
def test_impossible_rank_is_an_error(rank: int) -> None:
    with pytest.raises(ValueError, match=f"rank is {rank}; expected an even number from 2 to 16"):
        InvolutiveEncryptor(LAYERS, dim=DIM, rank=rank)


def test_full_rank_is_said_in_one_place() -> None:
    [cfg] = compose_jobs("train", ["experiment=involutive"])
    assert cfg.encryptor.rank is None
    assert InvolutiveEncryptor(LAYERS, dim=DIM).rank == DIM


def test_latent_statistics_are_the_principal_components() -> None:
    torch.manual_seed(0)
    w = torch.randn(2000, LAYERS, DIM) * torch.arange(1, DIM + 1) + 5.0 * torch.arange(LAYERS)[:, None]
    network = InvolutiveEncryptor(LAYERS, dim=DIM, rank=RANK, hidden=8, heads=2, depth=1)
    network.fit_latents(w)
    v = (w - network.mean) @ network.basis / network.scale
    torch.testing.assert_close(v.mean(dim=0), torch.zeros(LAYERS, DIM), rtol=0, atol=1e-3)
    torch.testing.assert_close(torch.cov(v.flatten(0, 1).T), torch.eye(DIM), rtol=0, atol=1e-3)
    assert (network.scale.diff() <= 0).all()


def test_directions_in_which_no_code_differs_do_not_blow_codes_up() -> None:
    """Their variance is nothing, or by rounding less than that; the floor is a thousandth of the largest deviation."""
    few = torch.randn(2, 1, DIM, generator=torch.Generator().manual_seed(0)).double().expand(2, LAYERS, DIM)
    network = InvolutiveEncryptor(LAYERS, dim=DIM, rank=DIM, hidden=8, heads=2, depth=1).double()
    network.fit_latents(few)
    assert float(network.scale.min() / network.scale.max()) == pytest.approx(1e-3)
    w, password = codes(1), codes(2)
    torch.testing.assert_close(network(network(w, password), password), w, rtol=0, atol=1e-6)


def test_every_parameter_gets_a_gradient(encryptor: InvolutiveEncryptor) -> None:
    encryptor(codes(1), codes(2)).square().sum().backward()
    silent = [name for name, p in encryptor.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_codes_may_lie_on_another_device() -> None:
    """Where training sets up, the codes are on the GPU and the encryptor is not yet; "meta" stands for it here."""
    network = InvolutiveEncryptor(LAYERS, dim=DIM, rank=RANK, hidden=8, heads=2, depth=1).to("meta")
    network.fit_latents(torch.randn(50, LAYERS, DIM))
