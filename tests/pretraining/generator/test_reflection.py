"""A failure here: the generator would practise on other codes than encryption makes."""

import torch

from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor
from riddle_pl.pretraining.generator.reflection import REFIT_EVERY, RandomReflection

LAYERS, DIM = 4, 8


def codes(count: int, seed: int) -> torch.Tensor:
    """Codes whose coordinates have different means and spreads."""
    rng = torch.Generator().manual_seed(seed)
    mixing = torch.randn(DIM, DIM, generator=torch.Generator().manual_seed(9))
    return torch.randn(count, LAYERS, DIM, generator=rng) @ mixing + torch.arange(DIM)


def fitted() -> RandomReflection:
    torch.manual_seed(0)
    turn = RandomReflection(DIM)
    for step in range(REFIT_EVERY + 1):
        turn.update(codes(256, step))
    return turn


def test_turned_codes_keep_mean_and_covariance_and_are_others() -> None:
    w = codes(20_000, 100)
    turned = fitted()(w)
    torch.testing.assert_close(turned.mean(dim=(0, 1)), w.mean(dim=(0, 1)), atol=0.15, rtol=0)
    before, after = (torch.cov(x.flatten(0, 1).T) for x in (w, turned))
    assert (after - before).norm() / before.norm() < 0.1
    assert torch.corrcoef(torch.stack([w[:, 0, 0], turned[:, 0, 0]]))[0, 1].abs() < 0.1


def test_a_turn_is_its_own_inverse_and_the_same_in_all_layers() -> None:
    turn = fitted()
    w = codes(3, 1)
    torch.manual_seed(1)
    once = turn(w)
    torch.manual_seed(1)
    torch.testing.assert_close(turn(once), w, atol=1e-3, rtol=0)
    torch.manual_seed(1)
    alike = turn(w[:, :1].expand(-1, LAYERS, -1))
    torch.testing.assert_close(alike, alike[:, :1].expand_as(alike))


def test_it_does_what_an_untrained_encryptor_does() -> None:
    turn = fitted()
    encryptor = InvolutiveEncryptor(LAYERS, DIM, rank=DIM, hidden=8, heads=1, depth=1)
    encryptor.reflection.load_state_dict(turn.reflection.state_dict())
    for name in ("mean", "basis", "scale"):
        getattr(encryptor, name).copy_(getattr(turn, name))
    w = codes(2, 2)
    torch.manual_seed(3)
    expected = turn(w)
    torch.manual_seed(3)
    password = torch.randn(2, DIM)
    w_pwd = (password * turn.scale @ turn.basis.T + turn.mean)[:, None].expand(-1, LAYERS, -1)
    torch.testing.assert_close(encryptor(w, w_pwd), expected, atol=1e-4, rtol=1e-4)
