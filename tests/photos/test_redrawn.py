"""If this fails, the right password draws the photo's own hair and background again, or another face."""

from types import SimpleNamespace

import pytest
import torch

from riddle_pl.errors import ConfigError
from riddle_pl.networks.face_axes import FaceAxes
from riddle_pl.networks.recogniser import AlignedRecogniser
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.photos.build import build_pseudonymiser
from riddle_pl.photos.paste.mask import OvalMap
from riddle_pl.photos.redrawn import DRAWS, RedrawnInversion, _normal
from riddle_pl.photos.without_face import read_context
from riddle_pl.pretraining.face_axes import FaceAxesRecipe
from tests.photos.reading import K, reading_pack

KEPT = K // 2


@pytest.fixture(scope="module")
def pack(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """With a padded encryptor that reads contexts, and axes."""
    made = reading_pack(tiny_pack, tmp_path_factory.mktemp("packs") / "redrawn")
    args = {"components": K, "kept": KEPT}
    write_pack_entry(made.folder, "face_axes", FaceAxes(**args), "face_axes", args, dtype=torch.float32)
    return load_pack(made.folder)


def inversion(pack: Pack, **settings) -> RedrawnInversion:
    made = RedrawnInversion(pack, "cpu", **settings)
    made.__dict__["parser"] = OvalMap()  # that of the tiny pack takes all of a photo for the face
    return made


def photos(pack: Pack, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, 3, pack.size, pack.size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def coordinates(pack: Pack, made: RedrawnInversion, x: torch.Tensor) -> torch.Tensor:
    context = read_context(made.encryptor, x, made.parser, made.device)
    return made.encryptor.given(context).coordinates(made(x))


def test_the_same_photo_gives_the_same_code_alone_or_beside_others(pack: Pack) -> None:
    made, x = inversion(pack), photos(pack)
    w = made(x)
    assert w.shape == (3, pack.num_layers, 512)
    torch.testing.assert_close(made(x[1:2]), w[1:2], rtol=0, atol=1e-3)


def test_what_is_redrawn_does_not_depend_on_what_is_around_the_face_but_by_the_hash(pack: Pack) -> None:
    """Two photos that differ by a grey level have nothing in common where coordinates are redrawn, and the face has."""
    made, x = inversion(pack, steps=1, learning_rate=1e-6), photos(pack)
    other = x.clone()
    other[:, :, 0, 0] += 2 / 255
    one, two = (coordinates(pack, made, image) for image in (x, other))
    torch.testing.assert_close(one[:, :KEPT], two[:, :KEPT], rtol=0, atol=0.1)
    assert (one[:, KEPT:] - two[:, KEPT:]).abs().mean() > 0.5


def test_redrawn_numbers_are_standard_normal(pack: Pack) -> None:
    numbers = torch.cat([_normal(torch.full((3, 2, 2), float(k)), 64) for k in range(100)])
    assert abs(float(numbers.mean())) < 0.06
    assert float(numbers.std()) == pytest.approx(1.0, abs=0.06)


def test_steps_bring_the_face_nearer(pack: Pack) -> None:
    x = photos(pack)
    parser = OvalMap()

    def error(**settings) -> float:
        made = inversion(pack, **settings)
        face = torch.nn.functional.interpolate(parser(x), (pack.size, pack.size))
        return float((face * (made.generator(made(x)) - x).abs()).mean())

    few, many = error(steps=1, learning_rate=1e-6, prior=0.0), error(steps=30, identity=0.0, prior=0.0)
    assert many < few


@pytest.mark.parametrize(("glasses", "draws"), [(0, 0), (1, 1), (9, DRAWS - 1)])
def test_numbers_that_draw_glasses_are_drawn_anew_but_not_for_ever(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, glasses: int, draws: int
) -> None:
    """The first so many looks see glasses, on the first of two faces."""
    made, x, looks = inversion(pack, steps=1), photos(pack)[:2], []

    def seen(w: torch.Tensor) -> torch.Tensor:
        looks.append(len(w))
        return torch.arange(len(w)) + 10 * (len(looks) > glasses) < 1

    monkeypatch.setattr(made, "_draw_glasses", seen)
    w = made(x)
    assert looks == [2, *[1] * draws]
    torch.testing.assert_close(w[:1], made._found(x[:1], draws)[0], rtol=0, atol=1e-3)
    torch.testing.assert_close(w[1:], made._found(x[1:], 0)[0], rtol=0, atol=1e-3)
    assert not torch.equal(_normal(x[0], K, 1), _normal(x[0], K))


def test_glasses_are_told_by_the_packs_traits(pack: Pack) -> None:
    made = inversion(pack)
    w = made(photos(pack))
    assert not made._draw_glasses(w).any()
    made.__dict__["traits"] = lambda features: torch.tensor([[9.0, 9.0, 9.0, 0.2], [0, 0, 0, 0.5], [0, 0, 0, 0.9]])
    made.__dict__["recogniser"] = mobile = load_pack("mobile").load("recogniser")
    assert isinstance(mobile, AlignedRecogniser)
    assert made._draw_glasses(w).tolist() == [False, True, True]


def test_it_is_the_default_of_a_pack_with_axes(pack: Pack, tiny_pack: Pack) -> None:
    assert isinstance(build_pseudonymiser(pack).coder.inversion, RedrawnInversion)
    assert not isinstance(build_pseudonymiser(tiny_pack).coder.inversion, RedrawnInversion)


@pytest.mark.parametrize("settings", [{"steps": 0}, {"learning_rate": 0.0}, {"prior": -1.0}])
def test_settings_out_of_range(pack: Pack, settings) -> None:
    with pytest.raises(ConfigError, match="invert has steps="):
        inversion(pack, **settings)


def test_an_encryptor_without_contexts(pack: Pack) -> None:
    with pytest.raises(ConfigError, match=r"invert\.code_model=encryptor of pack .* is no padded encryptor"):
        inversion(pack, code_model="encryptor")(photos(pack))


def recipe(pack: Pack, **changes) -> FaceAxesRecipe:
    settings = {"encryptor": "encryptor-padded", "people": 2, "kept": KEPT, "identity": 1.0, "around": 0.5}
    made = FaceAxesRecipe(pack, **{**settings, "batch": 8, "seed": 0, **changes})
    made.trainer = SimpleNamespace(should_stop=False)
    return made


def test_the_recipe_fits_orthonormal_axes_and_says_what_lies_along_them(pack: Pack) -> None:
    made = recipe(pack)
    made._parser = (OvalMap(),)
    for step in range(2):
        made.training_step(step, step)
    axes = made.network.axes
    torch.testing.assert_close(axes @ axes.T, torch.eye(KEPT), rtol=0, atol=1e-5)
    shares = list(made.figures().values())
    assert len(shares) == 3
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert made.samples().shape[1:] == (3, pack.size, pack.size)
    (role,) = made.pack_roles()
    assert (role.role,) == made.roles
    assert role.args == {"components": K, "kept": KEPT}


@pytest.mark.parametrize(("changes", "told"), [({"kept": 0}, "recipe.kept=0"), ({"people": 0}, "people=0")])
def test_recipe_settings_out_of_range(pack: Pack, changes, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        recipe(pack, **changes)


def test_the_recipe_needs_contexts(pack: Pack) -> None:
    with pytest.raises(ConfigError, match="no padded encryptor with contexts"):
        recipe(pack, encryptor="encryptor")
