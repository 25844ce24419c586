"""If this fails, faces lose the layout, the look or the code of the original, or training stops on a NaN gradient."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.losses import PRODUCED, LossTerm
from riddle_pl.losses.distance import safe_sqrt
from riddle_pl.losses.latent import LatentLoss, latent_loss
from riddle_pl.losses.parse import ParseLoss, parse_loss
from riddle_pl.losses.perceptual import PerceptualLoss, perceptual_loss
from riddle_pl.losses.pixel import PixelLoss, pixel_loss
from tests.losses.fakes import CLASSES, gradients, make_step, run_step


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


class One:
    """One image of a step with everything that a plain computation needs."""

    def __init__(self, step, features, name):
        self.image, self.code = features.image(name), features.latent(name)
        self.maps, self.logits = step.perceptual(self.image), step.parser(self.image)


def lpips(a: One, b: One) -> torch.Tensor:
    return sum(((p - q) ** 2).sum(1).mean((1, 2)) for p, q in zip(a.maps, b.maps, strict=True))


TERMS = {
    "pixel": (PixelLoss(), lambda a, b: (a.image - b.image).abs().mean()),
    "perceptual": (PerceptualLoss(), lambda a, b: lpips(a, b).mean()),
    "perceptual root": (PerceptualLoss(squared=False), lambda a, b: lpips(a, b).sqrt().mean()),
    "parse": (ParseLoss(), lambda a, b: (a.logits - b.logits).pow(2).mean()),
    "parse nose": (ParseLoss(classes=[2]), lambda a, b: (a.logits - b.logits)[:, 2].pow(2).mean()),
    "latent": (LatentLoss(), lambda a, b: (a.code - b.code).pow(2).mean()),
    "latent norm": (LatentLoss(squared=False), lambda a, b: (a.code - b.code).norm(dim=2).mean()),
}
terms = pytest.mark.parametrize(("term", "plain"), TERMS.values(), ids=TERMS)


@terms
def test_value_is_the_sum_of_five_plain_ones(term: LossTerm, plain):
    step = make_step()
    features = run_step(step)
    original = One(step, features, "x")
    expected = sum(plain(original, One(step, features, name)) for name in PRODUCED)
    assert term(features).item() == pytest.approx(
        expected.item(), rel=1e-3 if not getattr(term, "squared", 1) else 1e-9
    )


@terms
def test_gradient_reaches_the_encryptor_and_descends(term: LossTerm, plain):
    step = make_step()
    before = term(run_step(step))
    slopes = gradients(step, before)
    assert all(torch.isfinite(slope).all() and slope.abs().max() > 1e-8 for slope in slopes)
    size = 1e-2 / torch.stack([slope.norm() for slope in slopes]).norm()
    with torch.no_grad():
        for weight, slope in zip(step.encryptor.parameters(), slopes, strict=True):
            weight -= size * slope
    assert term(run_step(step)) < before


@pytest.mark.parametrize("kind", [PixelLoss, PerceptualLoss, ParseLoss, LatentLoss])
def test_a_term_sees_only_its_images(kind):
    step = make_step()
    term = kind(1.0, images=["x_dec"])
    features = run_step(step)
    inputs = [*features.latents.values(), *map(features.image, PRODUCED)]
    alone = [features.latent("x_dec"), features.image("x_dec")]
    live = [t for t in inputs if t.requires_grad]
    slopes = torch.autograd.grad(term(features), live, allow_unused=True)
    reached = [t for t, slope in zip(live, slopes, strict=True) if slope is not None and slope.any()]
    assert any(tensor is t for tensor in reached for t in alone)
    # the recovery is a decryption of the first encryption: that code, and nothing else, lies upstream
    upstream = [*alone, features.latent("x_enc1")]
    assert all(any(tensor is t for t in upstream) for tensor in reached)


@pytest.mark.parametrize(
    ("loss", "shape"),
    [
        (pixel_loss, (2, 3, 4, 4)),
        (lambda a, b: perceptual_loss([a], [b]), (2, 3, 4, 4)),
        (lambda a, b: perceptual_loss([a], [b], squared=False), (2, 3, 4, 4)),
        (parse_loss, (2, 3, 4, 4)),
        (latent_loss, (2, 5, 6)),
        (lambda a, b: latent_loss(a, b, squared=False), (2, 5, 6)),
    ],
)
def test_identical_inputs_have_no_loss_and_a_finite_gradient(loss, shape):
    produced = draw(*shape).requires_grad_(True)
    value = loss(produced.detach().clone(), produced)
    (slope,) = torch.autograd.grad(value, produced)
    assert value.item() == 0
    assert torch.isfinite(slope).all()


def test_safe_sqrt_is_the_root_away_from_zero():
    x = torch.tensor([0.0, 1e-2, 4.0], dtype=torch.float64)
    torch.testing.assert_close(safe_sqrt(x), x.sqrt(), atol=1.1e-4, rtol=0)
    zero = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(safe_sqrt(zero).sum(), zero)
    assert slope.item() == pytest.approx(5000)  # so that equal images do not outweigh all others


def test_squares_are_the_default_as_in_the_authors_code():
    a, b = draw(2, 3, 4, 4), draw(2, 3, 4, 5)[..., :4]
    assert perceptual_loss([a], [b]) == perceptual_loss([a], [b], squared=True) != perceptual_loss([a], [b], False)
    a, b = a.flatten(2), b.flatten(2)
    assert latent_loss(a, b) == latent_loss(a, b, squared=True) != latent_loss(a, b, squared=False)


@pytest.mark.parametrize("images", [[], ["x_dec", "x_dec"]])
def test_images_must_be_some_each_once(images):
    with pytest.raises(ConfigError, match=r"images=\[.*\] in PixelLoss; expected some of x_enc1, x_enc2, x_dec"):
        PixelLoss(images=images)


def test_unknown_image_names_the_nearest():
    with pytest.raises(ConfigError, match=r"image of LatentLoss 'wrng1' is unknown; .*did you mean 'x_wrong1'"):
        LatentLoss(images=["wrng1"])


def test_classes_must_exist():
    for classes in ([], [-1], [2, -1]):
        with pytest.raises(ConfigError, match=r"classes=.* expected indices of at least 0"):
            ParseLoss(classes=classes)
    assert ParseLoss(classes=[0]).classes == (0,)
    for classes in ([CLASSES], [0, CLASSES]):
        with pytest.raises(ConfigError, match=f"this parser has the classes 0 to {CLASSES - 1}"):
            ParseLoss(classes=classes)(run_step(make_step()))
