"""If this fails, a small re-implementation is trained on other people or terms than its card says."""

from pathlib import Path

import pytest
import torch

from riddle_pl.config import instantiate
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.pretraining.small_methods.ciagan import most_photographed
from riddle_pl.pretraining.small_methods.fit import random_bits
from riddle_pl.pretraining.small_methods.recipe import SmallMethodRecipe
from tests.pretraining.jobs import small_job

TERMS = {
    "fit_small": {"apart", "recovery", "identity", "background", "parts"},
    "ciagan_small": {"person", "parts", "colours"},
    "deepprivacy_small": {"parts", "colours"},
}


@pytest.fixture(params=TERMS)
def recipe(request: pytest.FixtureRequest, data_root: Path, tiny_pack_folder: Path) -> SmallMethodRecipe:
    cfg = small_job(request.param, data_root, tiny_pack_folder)
    made: SmallMethodRecipe = instantiate(cfg.recipe, "recipe")
    made.setup("fit")
    return made


def test_every_term_has_a_weight_and_reaches_the_network(recipe: SmallMethodRecipe) -> None:
    [role] = recipe.roles
    recipe._frozen = (recipe._frozen[0], torch.nn.Conv2d(3, 19, 1))  # the tiny pack's passes no gradient
    drawn, terms = recipe.draw(torch.tensor([0, 1, 2]), torch.Generator().manual_seed(0))
    assert set(terms) == TERMS[role] == set(recipe.terms)
    assert len(drawn) % 3 == 0
    for name, value in {**terms, "drawn": drawn.square().mean()}.items():
        gradients = torch.autograd.grad(value, list(recipe.network.parameters()), retain_graph=True, allow_unused=True)
        reached = sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None)
        assert reached > 0, name


def test_frozen_networks_stay_frozen_and_out_of_checkpoints(recipe: SmallMethodRecipe) -> None:
    assert all(not parameter.requires_grad for network in recipe._frozen for parameter in network.parameters())
    assert {name.split(".")[0] for name, _ in recipe.named_parameters()} == {"network", "average", "discriminator"}


def test_samples_show_held_out_faces_above_what_becomes_of_them(recipe: SmallMethodRecipe) -> None:
    shown = recipe.samples()
    count = min(8, len(recipe.held_out))
    rows = {"fit_small": 5, "ciagan_small": 3, "deepprivacy_small": 3}[recipe.roles[0]]
    assert shown.shape == (rows * count, 3, 32, 32)
    torch.testing.assert_close(shown[:count], recipe.held_out.images[:count] / 127.5 - 1.0)
    assert all(-1.0 <= value <= 1.0 for value in recipe.figures().values())


def test_fit_s_terms_are_those_of_its_images(data_root: Path, tiny_pack_folder: Path) -> None:
    recipe = instantiate(small_job("fit_small", data_root, tiny_pack_folder).recipe, "recipe")
    chosen = torch.tensor([0, 1])
    _, terms = recipe.draw(chosen, torch.Generator().manual_seed(3))
    p1 = random_bits(8, 16, torch.Generator().manual_seed(3))[:2]
    x = recipe.images(chosen)
    with torch.no_grad():
        x_dec = recipe.network(recipe.network(x, p1), -p1)
    torch.testing.assert_close(terms["recovery"], (x_dec - x).abs().mean(), rtol=1e-4, atol=1e-5)


def test_the_most_photographed_people(tmp_path: Path) -> None:
    names = [
        "celeba/1.jpg",
        "celeba/2.jpg",
        "celeba/3.jpg",
        "aaf/9.jpg",
        "celeba/4.jpg",
        "celeba/5.jpg",
        "celeba/6.jpg",
    ]
    listed = tmp_path / "identities.txt"
    listed.write_text("path label\n1.jpg 7\n2.jpg 8\n3.jpg 7\n4.jpg 8\n5.jpg 8\n6.jpg 5\n", encoding="utf-8")
    assert most_photographed(names, listed, 2) == [[1, 4, 5], [0, 2]]
    with pytest.raises(DataError, match=r"tells of 3 people among the faces; recipe.people is 4"):
        most_photographed(names, listed, 4)
    with pytest.raises(DataError, match="missing"):
        most_photographed(names, tmp_path / "missing.txt", 2)
    listed.write_text("1.jpg 7 2.jpg\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: '1.jpg 7 2.jpg'; expected a file name and a person's number"):
        most_photographed(names, listed, 2)


def test_one_person_is_no_choice(data_root: Path, tiny_pack_folder: Path) -> None:
    cfg = small_job("ciagan_small", data_root, tiny_pack_folder, "recipe.people=1")
    with pytest.raises(ConfigError, match=r"recipe.people=1; give at least 2"):
        instantiate(cfg.recipe, "recipe")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (
            "+recipe.weights.pixel=1",
            "recipe.weights has adversarial, parts, colours, pixel; expected adversarial",
        ),
        ("~recipe.weights.parts", "recipe.weights has adversarial, colours; expected adversarial, parts, colours"),
        ("recipe.faces.size=64", r"recipe.faces.size=64, and pack \w+ has 32 px: give both one size"),
    ],
)
def test_what_does_not_fit(data_root: Path, tiny_pack_folder: Path, override: str, told: str) -> None:
    cfg = small_job("deepprivacy_small", data_root, tiny_pack_folder, override)
    with pytest.raises(ConfigError, match=told):
        instantiate(cfg.recipe, "recipe")
