"""If this fails, the padded encryptor hides faces among codes that no real face has, and the right password shows."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError
from riddle_pl.inversion import EncoderInversion, RefinedInversion
from riddle_pl.judging.detectors import Detections
from riddle_pl.networks.encryptors.padded import PaddedEncryptor
from riddle_pl.packs import load_pack
from riddle_pl.pretraining import code_model
from riddle_pl.pretraining.code_model import CodeModelRecipe
from riddle_pl.pretraining.context_fit import ContextFit
from riddle_pl.pretraining.public_axes import PublicDirections

K = 4


def faces(count: int, seed: int = 0) -> FaceSet:
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    return FaceSet(images, [f"faces/{k}.jpg" for k in range(count)])


class Landmarks:
    """The brightest row of each face, but for every fifth, in which nothing is found."""

    def locate(self, x: torch.Tensor) -> Detections:
        points = x.mean(dim=1).mean(dim=2)[:, :4, None].expand(-1, -1, 2).clone()
        points[::5] = torch.nan
        return Detections(torch.zeros(len(x), 4), points)


@pytest.fixture
def make(tiny_pack, monkeypatch):
    monkeypatch.setattr(code_model, "DRAWN", 40)

    def recipe(**changes) -> CodeModelRecipe:
        settings = {
            "groups": None,
            "refined": None,
            "refined_count": 0,
            "components": K,
            "layers": 2,
            "public": PublicDirections(1, Landmarks()),
            "context": None,
        }
        settings |= {"count": 20, "batch": 8, "seed": 0, **changes}
        made = CodeModelRecipe(faces(30), faces(6, seed=1), EncoderInversion(tiny_pack, "cpu"), **settings)
        made.trainer = SimpleNamespace(should_stop=False)
        return made

    return recipe


def run(recipe: CodeModelRecipe) -> CodeModelRecipe:
    for step in range(recipe.steps):
        recipe.training_step(step, step)
    return recipe


def test_the_model_is_that_of_the_codes_of_the_chosen_faces(make, tiny_pack):
    recipe = run(make())
    assert recipe.finished
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))[:20]
    w = EncoderInversion(tiny_pack, "cpu")(faces(30).images[order].float() / 127.5 - 1.0)
    (result,) = recipe.pack_roles()
    network = result.network
    torch.testing.assert_close(network.codes.mean, w.mean(dim=0), rtol=1e-2, atol=1e-2)
    v = network.coordinates(w)
    assert float(v.square().mean()) == pytest.approx(1.0, abs=0.5)
    assert (result.role, result.arch, result.tokens) == ("encryptor-padded", "padded", "key_stream")
    assert "20 faces of\nfaces (30)" in result.description
    torch.testing.assert_close(network.axes @ network.axes.T, torch.eye(K), rtol=0, atol=1e-4)


def test_figures_tell_fitted_from_held_out_faces(make):
    figures = run(make()).figures()
    for name in ("20 fitted", "6 held-out"):
        assert 0 < figures[f"share of the variance of {name} codes in the {K} components"] <= 1.001
    assert 0 < figures["share of landmarks and colours that the 1 public coordinates tell"] < 1


def test_an_exported_encryptor_encrypts(make, tiny_pack, tmp_path: Path):
    folder = tmp_path / "pack"
    run(make()).export(folder_of(tiny_pack, folder), "riddle-pretrain recipe=code_model")
    network, tokens = load_pack(folder).encryptor("encryptor-padded")
    assert isinstance(network, PaddedEncryptor)
    assert tokens.name == "key_stream"
    w = network.inside(torch.randn(2, tiny_pack.num_layers, 512))
    stream = torch.rand(2, tiny_pack.num_layers, 512, dtype=torch.float64)
    torch.testing.assert_close(network(network(w, stream), stream), w, rtol=0, atol=1e-5)
    assert "only measured" in (folder / "encryptor-padded.md").read_text()


def folder_of(pack, folder: Path) -> Path:

    shutil.copytree(pack.folder, folder)
    return folder


def test_samples_are_black_until_there_are_enough_codes(make):
    recipe = make(batch=2)
    assert (recipe.samples() == -1.0).all()
    recipe.training_step(0, 0)
    recipe.training_step(1, 1)
    recipe.training_step(2, 2)
    assert recipe.samples().std() > 0


def test_a_checkpoint_holds_codes_whatever_is_made_of_them(make):
    first = run(make())
    other = make(components=3, layers=0, public=PublicDirections(0, Landmarks()))
    other.load_state_dict(first.state_dict(), strict=True)
    assert other.pack_roles()[0].args["components"] == 3
    assert set(first.state_dict()) == {"codes", "refined_codes", "step_count", "seconds"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"components": 20}, "recipe.components=20 .* with 20 faces"),
        ({"batch": 0}, "recipe.batch=0"),
        ({"groups": [1, 2]}, r"recipe.groups=\[1, 2\] sum to 3; expected 8 layers"),
        ({"public": PublicDirections(K, Landmarks())}, "recipe.public.count=4 .*; give less than 4"),
        ({"layers": -1}, "recipe.layers=-1"),
        ({"refined": object(), "refined_count": 20, "context": ContextFit(8)}, "recipe.refined_count=20 are all faces"),
        ({"refined": object(), "refined_count": 21}, "recipe.refined_count=21; give 2 to 20"),
    ],
)
def test_what_is_no_model_is_refused(make, changes, message):
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_the_last_layer_is_that_of_refined_codes(make, tiny_pack):
    refined = RefinedInversion(tiny_pack, "cpu", steps=2, learning_rate=0.5, code_model="encryptor-padded")
    recipe = run(make(refined=refined, refined_count=20))
    assert recipe.steps == 4 + 3
    assert recipe.finished
    (result,) = recipe.pack_roles()
    assert result.args["layers"] == 2 + 1
    assert "invert=refine invert.code_model=encryptor-padded` finds for 20" in result.description
    codes = recipe.refined_codes[:20]
    v = result.network.flow(result.network.codes.encode_grouped(codes))
    torch.testing.assert_close(v.mean(dim=0), torch.zeros(K, dtype=v.dtype), rtol=0, atol=1e-4)
    assert float(v.square().mean()) == pytest.approx(1.0, abs=0.1)
    encoders = result.network.flow(result.network.codes.encode_grouped(recipe.codes[:20]))
    assert (encoders.mean(dim=0).abs() > 1e-2).any()
    assert "share of the variance of 20 refined codes in the 4 components" in recipe.figures()


def test_a_resumed_run_refines_as_one_that_never_stopped(make, tiny_pack):
    def recipe() -> CodeModelRecipe:
        refined = RefinedInversion(tiny_pack, "cpu", steps=1, code_model="encryptor-padded")
        return make(refined=refined, refined_count=20)

    whole, first, second = run(recipe()), recipe(), recipe()
    for step in range(5):
        first.training_step(step, step)
    second.load_state_dict(first.state_dict(), strict=True)
    for step in range(5, second.steps):
        second.training_step(step, step)
    torch.testing.assert_close(second.refined_codes, whole.refined_codes)


@pytest.fixture
def half_a_face(monkeypatch):
    """The tests' parser takes all of a photo for the face; this leaves half."""

    def without_face(x: torch.Tensor, parser: object, side: int) -> torch.Tensor:
        face = torch.zeros(len(x), 1, side, side)
        face[..., side // 2 :] = 1.0
        return torch.cat([x * (1.0 - face), face], dim=1)

    monkeypatch.setattr(code_model, "without_face", without_face)


@pytest.mark.usefixtures("half_a_face")
def test_an_encryptor_learns_to_read_what_is_around_faces(make, tiny_pack, tmp_path: Path):
    plain = run(make())
    recipe = run(make(context=ContextFit(8, steps=30, batch=4)))
    (result,) = recipe.pack_roles()
    network = result.network
    assert result.args["context"] == 8
    assert "around the face" in result.description
    around = torch.rand(3, 4, 32, 32)
    read = network.read(around)
    assert torch.equal(read, network.read(around))
    assert read.std(dim=0).min() > 0
    residual = network.residual.double()
    assert torch.linalg.eigvalsh(residual @ residual.T).min() > 0
    assert set(recipe.state_dict()) == set(plain.state_dict())
    torch.testing.assert_close(network.axes, plain.pack_roles()[0].network.axes)
    again = run(make(context=ContextFit(8, steps=30, batch=4))).pack_roles()[0].network
    torch.testing.assert_close(again.read(around), read)
    folder = folder_of(tiny_pack, tmp_path / "pack")
    recipe.export(folder, "riddle-pretrain recipe=code_model")
    torch.testing.assert_close(load_pack(folder).encryptor("encryptor-padded")[0].read(around), read)


@pytest.mark.usefixtures("half_a_face")
def test_figures_tell_what_contexts_are_worth(make, tiny_pack):
    refined = RefinedInversion(tiny_pack, "cpu", steps=1)
    figures = run(make(refined=refined, refined_count=20, count=26, context=ContextFit(8, steps=20, batch=4))).figures()
    assert (
        figures["mean square of what 2 refined held-out photos do not tell of a coordinate (the model's draws: 1)"] > 0
    )
    assert "bits that a photo tells of its face's code, by the model" in figures


def test_no_context_is_fitted_in_no_step():
    with pytest.raises(ConfigError, match=r"recipe.context has channels=8, steps=0, batch=64; give at least 1"):
        ContextFit(8, steps=0)
