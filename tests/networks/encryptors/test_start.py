"""A failure here: the paper's encryptor would begin where training does not move it, or not where it says."""

import pytest
import torch
from torch import Tensor

from riddle_pl.errors import PackError
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.packs.arguments import checked

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


def encryptor(start: str = "difference", **args) -> TransformerPaperEncryptor:  # type: ignore[no-untyped-def]
    network = TransformerPaperEncryptor(dim=DIM, ffn=32, start=start, **args).eval()
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


def test_where_layers_differ_the_person_turns_round_and_both_come_back() -> None:
    w, p = people(200, 8, 1), people(200, 8, 2)
    mean, std = mean_and_std()
    own = std * torch.randn(200, 8, DIM, generator=torch.Generator().manual_seed(4))
    w = mean + 0.8 * (w - mean) + 0.6 * own  # what a person's layers have in common, and what each has of its own
    T = encryptor(num_layers=8, groups=(4, 4))
    w_enc = T(w, p)

    def of_the_group(codes: Tensor) -> Tensor:
        return codes.unflatten(1, (2, 4)).mean(dim=2, keepdim=True).expand(-1, -1, 4, -1).flatten(1, 2)

    assert likeness(of_the_group(w_enc), mean + p - of_the_group(w)) > 0.9
    assert likeness(T(w_enc, p), w) > 0.8
    assert likeness(mean + T(w_enc, p) - of_the_group(T(w_enc, p)), mean + w - of_the_group(w)) > 0.7


def test_it_is_no_more_than_a_start() -> None:
    """All weights that the password and the code go through can still learn."""
    w, p = people(20, 10, 1), people(20, 10, 2)
    T = encryptor(num_layers=10, dropout=0.0).requires_grad_(True)
    (T(w, p) - w).square().mean().backward()
    idle = {name for name, weight in T.named_parameters() if weight.grad is None or not weight.grad.abs().max() > 1e-7}
    assert not {name for name in idle if "in_proj" not in name}  # queries and keys of equal tokens


def test_the_usual_start_is_another_and_the_default() -> None:
    w, p = people(200, 10, 1), people(200, 10, 2)
    usual = TransformerPaperEncryptor(10, dim=DIM, ffn=32).eval().requires_grad_(False)
    assert usual.start == "usual"
    usual.start_at(*mean_and_std())
    assert likeness(usual(w, p), w) > 0.0


VARIANTS = [{"input_linear": True}, {"position_embedding": True}, {"norm": "none"}]


@pytest.mark.parametrize("args", VARIANTS, ids=lambda args: next(iter(args)))
@pytest.mark.parametrize("wanted", [{"start": "difference"}, {"standardised": True}], ids=str)
def test_what_is_written_for_the_papers_variant_alone_is_refused_to_others(
    args: dict[str, object], wanted: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="expected 'usual' and False"):
        TransformerPaperEncryptor(10, dim=DIM, **wanted, **args)  # type: ignore[arg-type]
    TransformerPaperEncryptor(10, dim=DIM, **args)  # type: ignore[arg-type]


@cases
@pytest.mark.parametrize("start", ["usual", "difference"])
def test_standardised_it_is_the_same_architecture_and_folds_into_it(start: str, args: dict[str, int]) -> None:
    layers = args["num_layers"]
    T = encryptor(start, standardised=True, **args).double()
    rng = torch.Generator().manual_seed(5)
    for parameter in T.parameters():  # as after training: nothing is zero, one or the identity any more
        parameter += 0.05 * torch.randn(parameter.shape, generator=rng, dtype=torch.float64)
    w, p = people(50, layers, 1).double(), people(50, layers, 2).double()
    w = w + 0.2 * torch.randn(w.shape, generator=rng, dtype=torch.float64)
    paper = T.folded()
    assert not {"mean", "scale"} & set(paper.state_dict())
    TransformerPaperEncryptor(dim=DIM, ffn=32, **args).load_state_dict(paper.state_dict(), strict=True)
    torch.testing.assert_close(paper(w, p), T(w, p), rtol=0, atol=1e-3)  # the norms' epsilon is on another scale
    assert (T(w, p) - T(w, p).mean(dim=0)).abs().mean() > 0.1
    assert {"mean", "scale"} <= set(T.state_dict())  # T itself is as it was


@pytest.mark.parametrize("standardised", [False, True])
def test_the_difference_is_the_same_standardised_or_not(standardised: bool) -> None:
    w, p = people(20, 10, 1), people(20, 10, 2)
    mean, std = mean_and_std()
    T = encryptor(num_layers=10, standardised=standardised)
    assert likeness(T(w, p), mean + p - w) > 0.97
    torch.testing.assert_close((T(w, p) - mean).square().mean(), std.square().mean(), rtol=0.02, atol=0.0)


def test_folding_what_is_not_standardised_changes_nothing() -> None:
    T = encryptor("usual", num_layers=10)
    assert all(torch.equal(value, T.state_dict()[name]) for name, value in T.folded().state_dict().items())


def test_an_unknown_start_is_an_error() -> None:
    with pytest.raises(PackError, match="start is 'differnce'; expected one of usual, difference"):
        checked(TransformerPaperEncryptor, {"num_layers": 10, "start": "differnce"}, "transformer_paper")


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
    T = TransformerPaperEncryptor(10, dim=DIM, **args)  # type: ignore[arg-type]
    assert not T.equal_tokens_stay_equal
    with pytest.raises(ValueError, match="tells the tokens of a group apart"):
        T.on_groups(torch.zeros(1, 3, DIM), torch.zeros(1, 3, DIM))


def test_another_number_of_groups_is_an_error() -> None:
    with pytest.raises(ValueError, match="10 layers; this encryptor was made for 3"):
        TransformerPaperEncryptor(10, dim=DIM, dropout=0.0).on_groups(torch.zeros(1, 10, DIM), torch.zeros(1, 10, DIM))
