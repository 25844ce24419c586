"""If this fails, the mobile pack's encoder starts from nothing, trains what is frozen, or cannot be written."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import build, load_pack
from riddle_pl.pretraining import code_encoder
from riddle_pl.pretraining.code_encoder import CodeEncoderRecipe

GROUPS = (1, 1, 10)
WIDTHS = dict.fromkeys((4, 8, 16, 32, 64, 128), 4)


@pytest.fixture(scope="module")
def faces() -> FaceSet:
    images = torch.randint(0, 256, (4, 3, 128, 128), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return FaceSet(images, [f"faces/{k}.jpg" for k in range(4)])


@pytest.fixture
def recipe(faces: FaceSet, tiny_pack, monkeypatch: pytest.MonkeyPatch) -> CodeEncoderRecipe:
    generator = Generator(128, WIDTHS, mapping_layers=1).requires_grad_(False)
    networks = {"recogniser": tiny_pack.load("recogniser"), "perceptual": tiny_pack.load("perceptual")}
    fake = SimpleNamespace(generator=lambda: generator, load=lambda role: networks[role], entry=tiny_pack.entry)
    monkeypatch.setattr(code_encoder, "load_pack", lambda name, size=None: fake if size else tiny_pack)
    monkeypatch.setattr("riddle_pl.networks.code_model.SAMPLES", 2_000)
    return make(faces)


def make(faces: FaceSet, groups: tuple[int, ...] = GROUPS, ridge: float = 1e-3) -> CodeEncoderRecipe:
    return CodeEncoderRecipe(
        faces, faces, "pack", "start", groups, 4, drawn=60, ridge=ridge, batch=2, generated=2, steps=2, seed=0
    )


def test_only_the_encoder_is_trained_and_saved(recipe: CodeEncoderRecipe) -> None:
    assert {name.split(".")[0] for name in recipe.state_dict()} == {"encoder", "average", "step_count", "seconds"}
    assert {name.split(".")[0] for name, p in recipe.named_parameters() if p.requires_grad} == {"encoder"}


def test_starts_with_the_other_encoders_readings_and_a_fitted_last_layer(recipe: CodeEncoderRecipe, tiny_pack) -> None:
    lite = tiny_pack.load("encoder")
    assert torch.equal(recipe.encoder.read[2].weight, lite.middle.read.weight)
    assert torch.equal(recipe.encoder.blocks[0].conv1.weight, lite.blocks[0].conv1.weight)
    rng = torch.Generator().manual_seed(0)  # the recipe's seed: the people that the layer was fitted to
    people = [recipe._people(code_encoder.DRAWN_BATCH, rng) for _ in range(3)]
    v = torch.cat([v for v, _ in people])
    with torch.no_grad():
        found = torch.cat([recipe.encoder.coordinates(x) for _, x in people])
    assert (found - v).square().mean() < 0.7 * (v - v.mean(dim=0)).square().mean()


def test_goes_on_from_an_encoder_that_was_made_so(
    recipe: CodeEncoderRecipe, faces: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = recipe.args
    earlier = SimpleNamespace(load=lambda role: recipe.encoder, entry=lambda role: SimpleNamespace(args=args))
    opened = code_encoder.load_pack("pack", size=128)
    monkeypatch.setattr(code_encoder, "load_pack", lambda name, size=None: opened if size else earlier)
    x = torch.rand(2, 3, 128, 128) * 2 - 1
    later = make(faces, ridge=1e12)  # nothing is added to what the layer says
    torch.testing.assert_close(later.encoder(x), recipe.encoder(x))
    with pytest.raises(ConfigError, match=r"recipe\.groups and recipe\.rank are not those of"):
        make(faces, groups=(1, 11))


def test_the_recogniser_is_the_packs_and_is_not_trained(recipe: CodeEncoderRecipe, tiny_pack) -> None:
    x = torch.rand(2, 3, 128, 128) * 2 - 1
    recipe.train()
    torch.testing.assert_close(recipe.encoder.recogniser(x), tiny_pack.load("recogniser")(x))
    assert not any(p.requires_grad for p in recipe.encoder.recogniser.parameters())


def test_a_step_has_every_term_and_gradients_for_the_encoder(
    recipe: CodeEncoderRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(recipe, "next_step", lambda: 0)
    monkeypatch.setattr(recipe, "log_dict", lambda values, **kwargs: logged.update(values))
    recipe.training_step(0, 0).backward()
    assert set(logged) == {f"loss/{name}" for name in ("pixel", "features", "identity", "latent", "prior")}
    assert all(value.isfinite() for value in logged.values())
    assert all(p.grad is not None for p in recipe.encoder.parameters() if p.requires_grad)


def test_roles_build_what_was_trained(recipe: CodeEncoderRecipe) -> None:
    roles = recipe.pack_roles()
    assert tuple(role.role for role in roles) == recipe.roles == ("encoder", "code_model")
    assert [role.dtype for role in roles] == [torch.float16, torch.float32]
    for role in roles:
        build(role.arch, role.args).load_state_dict(role.network.state_dict(), strict=True)


def test_another_start_is_refused(faces: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(load=lambda role: nn.Identity())
    monkeypatch.setattr(code_encoder, "load_pack", lambda name, size=None: other)
    with pytest.raises(ConfigError, match="expected a LiteEncoder or a CodeEncoder"):
        CodeEncoderRecipe(faces, faces, "p", "s", GROUPS, 4, drawn=1, ridge=1.0, batch=1, generated=1, steps=1, seed=0)


def test_the_lite_pack_is_a_start() -> None:
    assert load_pack("lite").entry("encoder").arch == "lite_encoder"
