"""If this fails, the baselines that give the tables their scale do something else than they say."""

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.evaluation.methods.baselines import BlackBox, GaussianBlur, NoChange, Pixelation, RandomOtherFace

NAMES = ["a", "b"]


@pytest.fixture
def x():
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_blur_keeps_flat_colour_and_takes_detail(tiny_pack, x):
    blur = GaussianBlur(tiny_pack, sigma=0.1)
    flat = torch.full((1, 3, 32, 32), 0.5)
    torch.testing.assert_close(blur.images(["a"], flat)["encrypted"], flat)
    images = blur.images(NAMES, x)
    assert torch.equal(images["photo"], x)
    assert images["encrypted"].std() < 0.3 * x.std()
    torch.testing.assert_close(images["encrypted"].mean((2, 3)), x.mean((2, 3)), atol=0.1, rtol=0)


def test_a_blur_as_wide_as_the_image_is_possible(tiny_pack, x):
    assert GaussianBlur(tiny_pack, sigma=1.0).images(NAMES, x)["encrypted"].shape == x.shape


def test_pixelation_is_the_mean_of_each_square(tiny_pack, x):
    squares = Pixelation(tiny_pack, squares=4).images(NAMES, x)["encrypted"]
    torch.testing.assert_close(squares[0, 1, 8:16, 16:24], x[0, 1, 8:16, 16:24].mean().expand(8, 8))


def test_a_black_box_hides_the_face_and_nothing_else(tiny_pack, x):
    hidden = BlackBox(tiny_pack).images(NAMES, x)["encrypted"]
    assert (hidden[:, :, 10:29, 6:26] == -1).all()
    assert torch.equal(hidden[:, :, :10], x[:, :, :10])
    assert torch.equal(hidden[..., :6], x[..., :6])


def test_no_change_changes_nothing_and_recovers_everything(tiny_pack, x):
    images = NoChange(tiny_pack).images(NAMES, x)
    assert all(torch.equal(images[kind], x) for kind in ("photo", "encrypted", "recovered"))


def test_the_random_person_depends_on_seed_and_name_alone(tiny_pack, x):
    method = RandomOtherFace(tiny_pack, seed=0, device="cpu")
    images = method.images(NAMES, x)["encrypted"]
    torch.testing.assert_close(method.images(["b"], -x[:1])["encrypted"], images[1:], rtol=1e-4, atol=1e-4)
    assert (images[0] - images[1]).abs().max() > 1e-3
    other = RandomOtherFace(tiny_pack, seed=1, device="cpu").images(NAMES, x)["encrypted"]
    assert (other - images).abs().max() > 1e-3
    many = method.encryptions("a", x[:1], 3)
    assert list(many) == ["encrypted"]
    assert many["encrypted"].shape == (3, 3, 32, 32)


@pytest.mark.parametrize("baseline", [GaussianBlur, Pixelation, BlackBox, NoChange])
def test_a_baseline_has_no_password_and_is_not_the_paper_s(tiny_pack, x, baseline):
    method = baseline(tiny_pack)
    assert method.encryptions("a", x[:1], 3) == {}
    assert (method.size, method.sha256, method.paper) == (32, None, None)
    assert "baseline" in method.facts["method"]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda pack: GaussianBlur(pack, sigma=0.0), "method.sigma=0.0"),
        (lambda pack: Pixelation(pack, squares=64), "method.squares=64; give 1 to 32"),
    ],
)
def test_absurd_settings_are_refused(tiny_pack, build, expected):
    with pytest.raises(ConfigError, match=expected):
        build(tiny_pack)
