"""If this fails, `refine` or `optimise` makes inversions worse, batches change them, or a code runs away from W."""

import shutil

import pytest
import torch

from riddle_pl.errors import ConfigError, PackError
from riddle_pl.inversion import EncoderInversion, OptimisedInversion, RefinedInversion
from riddle_pl.inversion.inversion import Inversion
from riddle_pl.packs import load_pack


@pytest.fixture(scope="module")
def x(tiny_pack):
    """Images that the generator can draw: people of its own."""
    generator = tiny_pack.load("generator")
    z = torch.randn(3, 512, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        return generator(generator.broadcast(generator.mapping(z))).clamp(-1, 1)


def error(pack, w, x):
    with torch.no_grad():
        return (pack.load("generator")(w) - x).abs().mean(dim=(1, 2, 3))


def optimised(pack, x, **settings):
    return OptimisedInversion(pack, "cpu", **{"steps": 6, **settings})(x)


def test_every_face_comes_nearer_to_its_photo(tiny_pack, x):
    before = EncoderInversion(tiny_pack, "cpu")(x)
    after = optimised(tiny_pack, x, learning_rate=0.1, steps=12)
    assert after.shape == before.shape
    assert not after.requires_grad
    assert (error(tiny_pack, after, x) < error(tiny_pack, before, x)).all()


def test_a_few_steps_lead_to_the_person(tiny_pack, x):
    recogniser = tiny_pack.load("recogniser")
    generator = tiny_pack.load("generator")

    def likeness(w):
        with torch.no_grad():
            return torch.cosine_similarity(recogniser(generator(w)), recogniser(x))

    before = EncoderInversion(tiny_pack, "cpu")(x)
    after = RefinedInversion(tiny_pack, "cpu")(x)
    assert (likeness(after) > likeness(before)).all()


def test_refining_needs_no_features(tiny_pack_folder, tmp_path, x):
    folder = shutil.copytree(tiny_pack_folder, tmp_path / "pack")
    (folder / "perceptual.safetensors").unlink()
    inversion = RefinedInversion(load_pack(folder), "cpu")
    inversion.check()
    assert inversion(x).shape == (3, inversion.pack.num_layers, 512)


def test_the_same_photo_gives_the_same_code_in_any_batch(tiny_pack, x):
    together = optimised(tiny_pack, x)
    assert torch.equal(together, optimised(tiny_pack, x))
    alone = torch.cat([optimised(tiny_pack, one) for one in x.split(1)])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-3)


def test_faces_larger_than_the_pack_s_are_seen_at_its_size(tiny_pack, x):
    inversion = RefinedInversion(tiny_pack, steps=1)
    large = torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
    torch.testing.assert_close(inversion(large), inversion(x))


def test_a_pull_to_the_start_keeps_the_code_there(tiny_pack, x):
    start = EncoderInversion(tiny_pack, "cpu")(x)
    moved = [(optimised(tiny_pack, x, start=weight) - start).square().mean() for weight in (0.0, 1e6)]
    assert moved[1] < moved[0] / 2


def test_a_pull_between_layers_brings_them_together(tiny_pack, x):
    spread = [
        (w - w.mean(dim=1, keepdim=True)).square().mean()
        for w in (optimised(tiny_pack, x, start=0.0, spread=weight) for weight in (0.0, 1e6))
    ]
    assert spread[1] < spread[0]


def test_the_networks_are_left_alone(tiny_pack, x):
    inversion = OptimisedInversion(tiny_pack, "cpu", steps=2)
    inversion(x)
    assert all(p.grad is None for p in inversion.generator.parameters())
    assert inversion.encoder is inversion.encoder


@pytest.mark.parametrize("kind", [EncoderInversion, OptimisedInversion, RefinedInversion])
def test_a_missing_network_is_said_before_any_work(tiny_pack_folder, tmp_path, kind: type[Inversion]):
    folder = shutil.copytree(tiny_pack_folder, tmp_path / "pack")
    (folder / "encoder.safetensors").unlink()
    with pytest.raises(PackError, match=r"encoder\.safetensors"):
        kind(load_pack(folder), "cpu").check()


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"learning_rate": 0.0}, {"identity": -1.0}])
def test_a_value_out_of_range_is_said(tiny_pack, wrong):
    with pytest.raises(ConfigError, match="invert"):
        OptimisedInversion(tiny_pack, **wrong)


@pytest.mark.parametrize("name", ["encoder", "refine", "optimise"])
def test_the_shipped_settings_build(name):
    from riddle_pl.config import compose_jobs, instantiate

    [cfg] = compose_jobs("audit", ["audit=encryptor", f"invert={name}"])
    assert instantiate(cfg.invert, "invert").name == name
