"""A failure here: the paper's encryptor would begin where training does not move it, or not where it says."""

import pytest
import torch
from torch import Tensor

from riddle_pl.networks.encryptor import TransformerEncryptor

DIM = 64
CASES = {
    "the paper's groups": {"num_layers": 10},
    "23 layers": {"num_layers": 23},
    "one group, one head": {"num_layers": 3, "groups": (3,), "heads": 1},
    "many groups, many heads": {"num_layers": 6, "groups": (1, 2, 1, 2), "heads": 16},
}
cases = pytest.mark.parametrize("args", CASES.values(), ids=CASES)


def mean_and_std() -> tuple[Tensor, Tensor]:
    """Of codes that lie far from zero, in another place in every component, and are wider in some than in others."""
    rng = torch.Generator().manual_seed(3)
    return 4.0 * torch.randn(DIM, generator=rng), torch.linspace(0.1, 0.7, DIM)


def people(count: int, layers: int, seed: int) -> Tensor:
    """Codes of so many people, one w in all layers."""
    mean, std = mean_and_std()
    w = mean + std * torch.randn(count, 1, DIM, generator=torch.Generator().manual_seed(seed))
    return w.expand(-1, layers, -1)


def encryptor(start: str = "difference", **args) -> TransformerEncryptor:  # type: ignore[no-untyped-def]
    network = TransformerEncryptor(dim=DIM, ffn=32, start=start, **args).eval()
    network.start_at(*mean_and_std())
    return network.requires_grad_(False)


def likeness(a: Tensor, b: Tensor) -> Tensor:
    """Mean cosine of codes around their mean."""
    mean, _ = mean_and_std()
    return torch.nn.functional.cosine_similarity(a - mean, b - mean, dim=-1).mean()


@cases
def test_it_begins_at_the_difference_of_password_and_code(args: dict[str, int]) -> None:
    layers = args["num_layers"]
    w, p = people(200, layers, 1), people(200, layers, 2)
    mean, std = mean_and_std()
    w_enc = encryptor(**args)(w, p)
    assert likeness(w_enc, mean + p - w) > 0.97
    length = (w_enc - mean).square().mean(dim=-1).sqrt()
    torch.testing.assert_close(length, torch.full_like(length, float(std.square().mean().sqrt())), rtol=0.02, atol=0.0)


@cases
def test_its_own_password_points_back_and_others_elsewhere(args: dict[str, int]) -> None:
    layers = args["num_layers"]
    w, p, q = (people(200, layers, seed) for seed in (1, 2, 3))
    T = encryptor(**args)
    w_enc = T(w, p)
    assert likeness(T(w_enc, p), w) > 0.88
    assert likeness(w_enc, w) < -0.6
    assert 0.4 < likeness(T(w_enc, q), w) < 0.6
    assert 0.4 < likeness(w_enc, T(w, q)) < 0.6


def test_layers_that_differ_are_encrypted_one_by_one() -> None:
    w, p = people(200, 8, 1), people(200, 8, 2)
    mean, std = mean_and_std()
    own = std * torch.randn(200, 8, DIM, generator=torch.Generator().manual_seed(4))
    w = mean + 0.7 * (w - mean) + 0.7 * own  # layers of one person have a cosine of 0.5
    w_enc = encryptor(num_layers=8, groups=(4, 4), heads=1)(w, p)
    assert likeness(w_enc, mean + p - w) > 0.9
    others = w.unflatten(1, (2, 4)).flip(2).flatten(1, 2)  # what the same layer would be if the next one's were taken
    assert likeness(w_enc, mean + p - w) > likeness(w_enc, mean + p - others) + 0.1


def test_it_is_no_more_than_a_start() -> None:
    """All weights that the password and the code go through can still learn."""
    w, p = people(20, 10, 1), people(20, 10, 2)
    T = encryptor(num_layers=10, dropout=0.0).requires_grad_(True)
    (T(w, p) - w).square().mean().backward()
    idle = {name for name, weight in T.named_parameters() if weight.grad is None or not weight.grad.abs().max() > 1e-7}
    assert not {name for name in idle if "in_proj" not in name}  # queries and keys of equal tokens


def test_the_usual_start_is_another_and_the_default() -> None:
    w, p = people(200, 10, 1), people(200, 10, 2)
    usual = TransformerEncryptor(10, dim=DIM, ffn=32).eval().requires_grad_(False)
    assert usual.start == "usual"
    usual.start_at(*mean_and_std())
    assert likeness(usual(w, p), w) > 0.3


@pytest.mark.parametrize(
    "args", [{"input_linear": True}, {"position_embedding": True}, {"norm": "none"}], ids=lambda args: next(iter(args))
)
def test_variants_that_have_no_such_start_are_refused(args: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="start is 'difference', which is of the paper's variant alone"):
        TransformerEncryptor(10, dim=DIM, start="difference", **args)  # type: ignore[arg-type]
    TransformerEncryptor(10, dim=DIM, **args)  # type: ignore[arg-type]


def test_an_unknown_start_is_an_error() -> None:
    with pytest.raises(ValueError, match="start is 'differnce'; expected one of usual, difference"):
        TransformerEncryptor(10, dim=DIM, start="differnce")


def test_one_token_of_each_group_is_exact_where_the_others_are_equal() -> None:
    w, p = people(5, 10, 1), people(5, 10, 2)
    for start in ("usual", "difference"):
        T = encryptor(start, num_layers=10, dropout=0.0).double()
        first = [0, 4, 8]
        short = T.on_groups(w[:, first].double(), p[:, first].double())
        whole = T(w.double(), p.double())
        runs = torch.cat([short[:, [index]].expand(-1, size, -1) for index, size in enumerate(T.groups)], dim=1)
        torch.testing.assert_close(runs, whole, rtol=1e-12, atol=1e-12)
        assert not torch.allclose(short[:, 0], short[:, 1])


@pytest.mark.parametrize("args", [{"dropout": 0.1}, {"dropout": 0.0, "position_embedding": True}], ids=str)
def test_tokens_that_do_not_stay_equal_do_not_stand_for_each_other(args: dict[str, object]) -> None:
    T = TransformerEncryptor(10, dim=DIM, **args)  # type: ignore[arg-type]
    assert not T.equal_tokens_stay_equal
    with pytest.raises(ValueError, match="tells the tokens of a group apart"):
        T.on_groups(torch.zeros(1, 3, DIM), torch.zeros(1, 3, DIM))


def test_another_number_of_groups_is_an_error() -> None:
    with pytest.raises(ValueError, match="10 layers; this encryptor was made for 3"):
        TransformerEncryptor(10, dim=DIM, dropout=0.0).on_groups(torch.zeros(1, 10, DIM), torch.zeros(1, 10, DIM))
