"""A failure here: the generator would be judged by an opponent that learns nothing, or that trains its own eyes."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from riddle_pl.data.face_set import FaceSet
from riddle_pl.pretraining.generator.projected import ProjectedDiscriminator
from riddle_pl.pretraining.generator.recipe import GeneratorRecipe

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8}


@pytest.fixture
def trunk(data_root: Path) -> str:
    return str(data_root / "trunk.pth")


def test_a_score_for_every_level_of_every_image(trunk: str) -> None:
    assert ProjectedDiscriminator(trunk)(torch.zeros(3, 3, 64, 64)).shape == (3, 4)


def test_only_the_heads_are_trained_and_the_trunk_is_not_saved(trunk: str) -> None:
    network = ProjectedDiscriminator(trunk)
    trained = {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {"heads"}
    assert {key.split(".")[0] for key in network.state_dict()} == {"across", "between", "heads", "scale"}
    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    network(x).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in network._trunks[0].parameters())


def test_the_levels_weigh_alike_whatever_the_trunk_gives(trunk: str) -> None:
    network = ProjectedDiscriminator(trunk)
    x = torch.rand(4, 3, 32, 32)
    for _ in range(2):
        network.fit_scale(x)
        for level in network.features(x):
            torch.testing.assert_close(level.square().mean(), torch.tensor(1.0))


def test_it_learns_to_tell_sharp_from_blurred(trunk: str) -> None:
    network = ProjectedDiscriminator(trunk)
    sharp = torch.rand(4, 3, 32, 32) * 2.0 - 1.0
    blurred = F.avg_pool2d(sharp, 5, stride=1, padding=2)
    network.fit_scale(sharp)
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=2e-3, betas=(0.0, 0.99))
    for _ in range(8):
        score_sharp, score_blurred = network(torch.cat([sharp, blurred])).chunk(2)
        optimizer.zero_grad()
        (F.softplus(score_blurred).mean() + F.softplus(-score_sharp).mean()).backward()
        optimizer.step()
    assert score_sharp.mean(dim=1).min() > score_blurred.mean(dim=1).max()


def recipe(trunk: str, redrawn: int, turned: int) -> GeneratorRecipe:
    faces = FaceSet(torch.randint(256, (8, 3, 32, 32), dtype=torch.uint8), [str(index) for index in range(8)])
    return GeneratorRecipe(
        faces,
        32,
        CHANNELS,
        batch=4,
        steps=1,
        seed=0,
        redrawn=redrawn,
        turned=turned,
        judge=ProjectedDiscriminator(trunk),
        judge_features=1.0,
    )


def test_it_takes_the_place_of_the_discriminator(trunk: str) -> None:
    own = recipe(trunk, 2, 1)
    _, judging = own.configure_optimizers()
    learning = {id(p) for group in judging.param_groups for p in group["params"]}
    assert isinstance(own.judge, ProjectedDiscriminator)
    assert learning == {id(p) for p in own.judge.heads.parameters()}
    assert not any(p.requires_grad for p in own.discriminator.parameters())


@pytest.mark.parametrize(
    ("redrawn", "turned", "terms"),
    [(2, 1, {"adversarial", "adversarial_redrawn", "latent"}), (4, 0, {"adversarial_redrawn"})],
)
def test_terms_are_of_the_images_that_there_are(
    trunk: str, redrawn: int, turned: int, terms: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = recipe(trunk, redrawn, turned)
    logged: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(own, "log_dict", lambda values, **_: logged.update(values))
    loss = own._drawing_loss(own.faces.batch(redrawn, 0, 0))
    assert torch.isfinite(loss)
    assert {f"loss/{name}" for name in (*terms, "judge_features", "pixel", "features", "kl", "offset")} == set(logged)
    assert torch.isfinite(own._judging_loss(own.faces.batch(4, 0, 0)))
    loss.backward()
    assert own.encoder.from_rgb.weight.grad is not None
