"""If this fails, a run on codes draws pictures after all, or lets some layers of a code keep the original."""

import pytest
import torch
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.losses import LossTerm, StepFeatures
from riddle_pl.losses.latent import LatentLoss, latent_loss
from riddle_pl.losses.on_codes import (
    CiphertextOnCodes,
    DeidentificationOnCodes,
    DiversityOnCodes,
    RecoveryOnCodes,
    WrongPasswordOnCodes,
)
from riddle_pl.losses.typical import TypicalLoss, typical_loss
from tests.losses.fakes import DIM, gradients, make_code_space, make_step, run_step

NAMES = ("x", "x_enc1", "x_enc2", "x_dec", "x_wrong1", "x_wrong2")
TERMS = {
    "deidentification": (DeidentificationOnCodes(margin=-0.99), ("x", "x_enc1", "x_enc2"), -1),
    "recovery": (RecoveryOnCodes(), ("x", "x_dec"), 1),
    "wrong password": (WrongPasswordOnCodes(margin=-0.99, faces=["x"]), ("x", "x_wrong1", "x_wrong2"), -1),
    "diversity": (DiversityOnCodes(margin=-0.99), ("x_enc1", "x_enc2", "x_wrong1", "x_wrong2"), -1),
    "ciphertext": (CiphertextOnCodes(margin=-0.99), ("x_enc1", "x_wrong1", "x_wrong2"), -1),
    "latent": (LatentLoss(images=["x_dec"], whitened=True), ("x", "x_dec"), 1),
    "typical": (TypicalLoss(images=["x_enc1", "x_wrong2"], whitened=True), ("x", "x_enc1", "x_wrong2"), 0),
}
terms = pytest.mark.parametrize(("term", "names", "pulls"), TERMS.values(), ids=TERMS)


def no_pictures(w: Tensor) -> Tensor:
    raise AssertionError("a picture was drawn")


def features_of(codes: dict[str, Tensor], repeats: tuple[int, ...] | None = None) -> StepFeatures:
    return StepFeatures(codes, None, no_pictures, {}, code_space=make_code_space(), repeats=repeats)


def random_codes(layers: int = 2) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(2)
    return {name: 1.5 + torch.randn(3, layers, DIM, generator=rng, dtype=torch.float64) for name in NAMES}


@terms
def test_it_compares_the_codes_that_it_names_and_draws_nothing(
    term: LossTerm, names: tuple[str, ...], pulls: int
) -> None:
    codes = random_codes()
    value = term(features_of(codes))
    assert torch.isfinite(value)
    assert term.needs == {}
    for name in NAMES:
        other = codes | {name: codes[name].flip(0) + 1.0}
        assert (term(features_of(other)) != value) == (name in names), name


@terms
def test_like_codes_are_what_the_recovery_wants_and_nobody_else(
    term: LossTerm, names: tuple[str, ...], pulls: int
) -> None:
    same = dict.fromkeys(NAMES, random_codes()["x"])
    equal, different = term(features_of(same)), term(features_of(random_codes()))
    assert (equal < different) == (pulls >= 0)
    if pulls >= 0:
        assert float(equal) == pytest.approx(0.0, abs=0.2)


@terms
def test_its_gradient_reaches_the_encryptor_and_descends(term: LossTerm, names: tuple[str, ...], pulls: int) -> None:
    step = make_step()
    before = term(run_step(step))
    slopes = gradients(step, before)
    assert all(torch.isfinite(slope).all() and slope.abs().max() > 1e-8 for slope in slopes)
    with torch.no_grad():
        for parameter, slope in zip(step.encryptor.parameters(), slopes, strict=True):
            parameter -= 1e-4 * slope
    assert term(run_step(step)) < before


def test_a_layer_that_stays_is_not_made_up_for_by_one_that_turns_round() -> None:
    space = make_code_space()
    codes = random_codes()
    opposite = 2 * space.mean - codes["x"]
    half = torch.stack([codes["x"][:, 0], opposite[:, 1]], dim=1)  # cosine 1 in one layer, -1 in the other
    step = features_of(codes | {"x_enc1": half, "x_enc2": opposite})
    assert float(DeidentificationOnCodes(margin=0.1)(step)) == pytest.approx(0.9 / 4)  # one of two layers and passwords


def test_whitened_terms_are_the_usual_ones_in_the_other_space() -> None:
    codes = random_codes()
    step, space = features_of(codes), make_code_space()
    x, dec, enc1 = (space(codes[name]) for name in ("x", "x_dec", "x_enc1"))
    torch.testing.assert_close(LatentLoss(images=["x_dec"], whitened=True)(step), latent_loss(x, dec))
    torch.testing.assert_close(TypicalLoss(images=["x_enc1"], whitened=True)(step), typical_loss(x, enc1))
    assert LatentLoss(images=["x_dec"])(step) != LatentLoss(images=["x_dec"], whitened=True)(step)
    assert TypicalLoss(images=["x_enc1"])(step) != TypicalLoss(images=["x_enc1"], whitened=True)(step)


def test_a_token_counts_for_all_the_layers_that_it_stands_for() -> None:
    tokens = random_codes()
    layers = {name: torch.cat([w[:, :1].expand(-1, 3, -1), w[:, 1:]], dim=1) for name, w in tokens.items()}
    short, whole = features_of(tokens, (3, 1)), features_of(layers)
    for name in NAMES:
        torch.testing.assert_close(short.latent(name), whole.latent(name), rtol=0, atol=0)
        torch.testing.assert_close(short.whitened(name), whole.whitened(name), rtol=1e-12, atol=1e-12)
    for term, *_ in TERMS.values():
        torch.testing.assert_close(term(short), term(whole), rtol=1e-12, atol=1e-12)


def test_without_a_space_for_codes_the_term_says_so() -> None:
    step = StepFeatures(random_codes(), None, no_pictures, {})
    with pytest.raises(ConfigError, match="compares whitened codes"):
        RecoveryOnCodes()(step)
