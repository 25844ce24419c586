"""If this fails, training pushes identities the wrong way or not at all: faces stay recognisable, or are lost."""

import pytest
import torch
from torch import Tensor

from riddle_pl.errors import ConfigError
from riddle_pl.losses import LossTerm
from riddle_pl.losses.ciphertext import CiphertextLoss, ciphertext_loss
from riddle_pl.losses.deidentification import DeidentificationLoss, deidentification_loss
from riddle_pl.losses.distinction import DistinctionLoss, distinction_loss
from riddle_pl.losses.diversity import DiversityLoss, diversity_loss
from riddle_pl.losses.pixel import PixelLoss
from riddle_pl.losses.recovery import RecoveryLoss, recovery_loss
from riddle_pl.losses.wrong_password import WrongPasswordLoss, wrong_password_loss
from tests.losses.fakes import gradients, make_step, run_step

ALWAYS = -0.999  # a margin at which every pair is active
TERMS = {
    "deidentification": (DeidentificationLoss(margin=ALWAYS), [("x", "x_enc1"), ("x", "x_enc2")], -1),
    "recovery": (RecoveryLoss(), [("x", "x_dec")], 1),
    "wrong_password": (
        WrongPasswordLoss(margin=ALWAYS),
        [("x", "x_wrong1"), ("x", "x_wrong2"), ("x_dec", "x_wrong1"), ("x_dec", "x_wrong2")],
        -1,
    ),
    "diversity": (DiversityLoss(margin=ALWAYS), [("x_enc1", "x_enc2"), ("x_wrong1", "x_wrong2")], -1),
    "ciphertext": (CiphertextLoss(margin=ALWAYS), [("x_enc1", "x_wrong1"), ("x_enc1", "x_wrong2")], -1),
}
terms = pytest.mark.parametrize(("term", "pairs", "direction"), TERMS.values(), ids=TERMS)


def unit(*angles: float) -> Tensor:
    """One embedding per angle, in degrees, on a circle: cosines are cosines of differences."""
    radians = torch.deg2rad(torch.tensor(angles, dtype=torch.float64))
    return torch.stack([radians.cos(), radians.sin()], dim=1)


def cos(degrees: float) -> float:
    return float(torch.deg2rad(torch.tensor(degrees, dtype=torch.float64)).cos())


def mean_cosine(step, pairs) -> float:
    features = run_step(step)
    return float(
        torch.stack([(features.embedding(a) * features.embedding(b)).sum(1).mean() for a, b in pairs]).mean().detach()
    )


def test_deidentification_value():
    value = deidentification_loss(unit(0, 0), unit(60, 120), unit(30, 85), margin=0.1)
    assert value.item() == pytest.approx((cos(60) - 0.1 + 0 + cos(30) - 0.1 + 0) / 4)


@pytest.mark.parametrize(
    "term",
    [
        lambda squared: deidentification_loss(unit(0, 0), unit(60, 120), unit(30, 85), 0.1, squared),
        lambda squared: wrong_password_loss([unit(0, 90)] * 2, [unit(60, 210), unit(30, 175)], 0.1, squared),
        lambda squared: diversity_loss(unit(0, 0), unit(60, 120), unit(0, 0), unit(30, 85), 0.1, squared),
        lambda squared: ciphertext_loss(unit(0, 0), unit(60, 120), unit(30, 85), 0.1, squared),
    ],
    ids=["deidentification", "wrong_password", "diversity", "ciphertext"],
)
def test_squares_are_of_each_pair_and_not_of_the_mean(term):
    """Each term's pairs: at 60, 120, 30 and 85 degrees, with a margin of 0.1."""
    above = [cos(60) - 0.1, cos(30) - 0.1]
    assert term(False).item() == pytest.approx(sum(above) / 4)
    assert term(True).item() == pytest.approx(sum(x**2 for x in above) / 4)


def test_distinction_compares_all_faces_with_all_others():
    faces = unit(0, 60, 90)
    above = [cos(60) - 0.1, 0.0, cos(30) - 0.1]
    assert distinction_loss(faces, 0.1).item() == pytest.approx(sum(above) / 3)
    assert distinction_loss(faces, 0.1, squared=True).item() == pytest.approx(sum(x**2 for x in above) / 3)
    assert distinction_loss(faces[:2], 0.1).item() == pytest.approx(above[0])


def test_distinction_of_the_same_few_persons_costs_more_than_of_many():
    few, many = unit(0, 120, 240, 0, 120, 240), unit(0, 60, 120, 180, 240, 300)
    assert distinction_loss(few, -0.2, squared=True) > 1.2 * distinction_loss(many, -0.2, squared=True)


def test_distinction_counts_other_photos_and_passwords_alike():
    term = DistinctionLoss(margin=ALWAYS)
    features = run_step(make_step())
    drawn = torch.cat([features.embedding(name) for name in ("x_enc1", "x_enc2", "x_wrong1", "x_wrong2")])
    pairs = [float(drawn[i] @ drawn[j]) - ALWAYS for i in range(len(drawn)) for j in range(i)]
    assert term(features).item() == pytest.approx(sum(pairs) / len(pairs))


def test_distinction_of_one_face_is_nothing():
    face = unit(5).requires_grad_(True)
    value = distinction_loss(face)
    value.backward()
    assert value.item() == 0.0
    assert face.grad is not None
    assert not face.grad.any()


@pytest.mark.parametrize("name", ["deidentification", "wrong_password", "diversity", "ciphertext"])
def test_a_terms_setting_reaches_its_value(name):
    kind = type(TERMS[name][0])
    features = run_step(make_step())
    plain, squared = (kind(margin=ALWAYS, squared=squared)(features).item() for squared in (False, True))
    assert plain > 0
    assert squared != pytest.approx(plain)


def test_recovery_value():
    assert recovery_loss(unit(0, 0), unit(60, 180)).item() == pytest.approx((1 - 0.5 + 2) / 2)


def test_wrong_password_value():
    value = wrong_password_loss([unit(0), unit(10)], [unit(40), unit(170)], margin=0.2)
    assert value.item() == pytest.approx((cos(40) - 0.2 + cos(30) - 0.2) / 4)


def test_diversity_value():
    value = diversity_loss(unit(0), unit(20), unit(0), unit(90), margin=0.1)
    assert value.item() == pytest.approx((cos(20) - 0.1) / 2)


def test_ciphertext_value():
    value = ciphertext_loss(unit(0), unit(45), unit(60), margin=0.1)
    assert value.item() == pytest.approx((cos(45) + cos(60) - 0.2) / 2)


@terms
def test_value_of_a_step_is_the_plain_one(term: LossTerm, pairs, direction):
    step = make_step()
    plain = []
    for a, b in pairs:
        features = run_step(step)
        similarity = (step.recogniser(features.image(a)) * step.recogniser(features.image(b))).sum(1).mean()
        plain.append(1 - similarity if direction > 0 else similarity - ALWAYS)
    assert term(run_step(step)).item() == pytest.approx(torch.stack(plain).mean().item(), abs=1e-12)


@terms
def test_gradient_reaches_every_weight_of_the_encryptor(term: LossTerm, pairs, direction):
    step = make_step()
    for gradient in gradients(step, term(run_step(step))):
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 1e-8


@terms
def test_one_step_moves_the_cosine_the_right_way(term: LossTerm, pairs, direction):
    step = make_step()
    before = mean_cosine(step, pairs)
    slopes = gradients(step, term(run_step(step)))
    size = 1e-2 / torch.stack([slope.norm() for slope in slopes]).norm()
    with torch.no_grad():
        for weight, slope in zip(step.encryptor.parameters(), slopes, strict=True):
            weight -= size * slope
    assert (mean_cosine(step, pairs) - before) * direction > 0


def test_a_hopeless_recovery_still_has_a_gradient():
    """The authors clamp the cosine at the margin here, which leaves a cosine below 0.1 without any."""
    recovered = unit(100).requires_grad_(True)
    recovery_loss(unit(0), recovered).backward()
    assert recovered.grad is not None
    assert recovered.grad.norm() > 0.5


def test_faces_beyond_the_margin_are_left_alone():
    encrypted = unit(95).requires_grad_(True)
    deidentification_loss(unit(0), encrypted, encrypted, margin=0.0).backward()
    assert encrypted.grad is not None
    assert not encrypted.grad.any()


def test_wrong_decryptions_do_not_push_the_recovered_face():
    recovered, wrong = unit(10).requires_grad_(True), unit(40).requires_grad_(True)
    wrong_password_loss([unit(0), recovered], [wrong, wrong], margin=0.0).backward()
    assert recovered.grad is None
    assert wrong.grad is not None
    assert wrong.grad.any()


def test_without_the_recovered_face_it_is_not_drawn_and_the_value_is_that_of_the_original():
    step = make_step()
    features = run_step(step)
    term = WrongPasswordLoss(margin=-0.9, faces=["x"])
    drawn: list[int] = []
    step.generator.register_forward_pre_hook(lambda module, args: drawn.append(len(args[0])))
    value = term(features)
    assert drawn == [3, 3, 3]  # x, wrong1 and wrong2, three faces each
    wrong = [features.embedding(name) for name in ("x_wrong1", "x_wrong2")]
    torch.testing.assert_close(value, wrong_password_loss([features.embedding("x")], wrong, margin=-0.9))


@pytest.mark.parametrize("faces", [[], ["x_enc1"], ["x", "x"]])
def test_the_faces_of_the_wrong_password_term_are_checked(faces):
    with pytest.raises(ConfigError, match=r"expected \[x\], \[x_dec\] or \[x, x_dec\]"):
        WrongPasswordLoss(faces=faces)


@pytest.mark.parametrize(
    "loss",
    [
        lambda e: deidentification_loss(unit(5), e, e),
        lambda e: recovery_loss(unit(5), e),
        lambda e: wrong_password_loss([unit(5), e], [e, e]),
        lambda e: diversity_loss(e, e, e, e),
        lambda e: ciphertext_loss(e, e, e),
        lambda e: distinction_loss(torch.cat([e, e])),
    ],
)
def test_gradient_at_identical_faces_is_finite(loss):
    embedding = unit(5).requires_grad_(True)
    (slope,) = torch.autograd.grad(loss(embedding), embedding)
    assert torch.isfinite(slope).all()


DEFAULTS = {
    "deidentification": lambda e: deidentification_loss(unit(0), e, e),
    "wrong_password": lambda e: wrong_password_loss([unit(0)], [e, e]),
    "diversity": lambda e: diversity_loss(unit(0), e, unit(0), e),
    "ciphertext": lambda e: ciphertext_loss(unit(0), e, e),
    "distinction": lambda e: distinction_loss(torch.cat([unit(0), e])),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_margin_is_the_papers_and_nothing_is_squared_by_default(name):
    embedding = unit(80)  # a cosine of 0.174
    assert DEFAULTS[name](embedding).item() == pytest.approx(cos(80) - 0.1)
    assert DEFAULTS[name](unit(85)).item() == 0.0  # 0.087
    term = DistinctionLoss() if name == "distinction" else type(TERMS[name][0])()
    assert (term.weight, term.margin, term.squared) == (1.0, 0.1, False)
    assert RecoveryLoss().weight == 1.0


def test_a_term_shows_its_settings():
    assert repr(RecoveryLoss(0.5)) == "RecoveryLoss(weight=0.5)"
    assert repr(DiversityLoss()) == "DiversityLoss(weight=1.0, margin=0.1, squared=False)"
    assert repr(WrongPasswordLoss(faces=["x"])).endswith("margin=0.1, squared=False, faces=['x'])")
    assert repr(PixelLoss(images=["x_dec"])) == "PixelLoss(weight=0.05, images=['x_dec'])"


@pytest.mark.parametrize("margin", [-1.0, 0.999])
def test_margin_may_be_any_cosine_below_one(margin):
    assert DiversityLoss(margin=margin).margin == margin


@pytest.mark.parametrize("margin", [1.0, -1.001, -1.5, float("nan")])
def test_margin_must_be_a_cosine(margin):
    with pytest.raises(ConfigError, match=r"margin=.* in DiversityLoss; expected a cosine"):
        DiversityLoss(margin=margin)
