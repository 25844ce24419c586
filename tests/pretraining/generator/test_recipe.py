"""A failure here: the generator's recipe would learn from noise, or before a discriminator that knows nothing."""

import pytest
import pytorch_lightning as pl
import torch

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError
from riddle_pl.pretraining.generator.recipe import GeneratorRecipe
from riddle_pl.pretraining.generator.settings import Drawing, Judging, Weights

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8, 64: 4}


def faces(size: int) -> FaceSet:
    return FaceSet(torch.randint(256, (8, 3, size, size), dtype=torch.uint8), [str(index) for index in range(8)])


def recipe(size: int, steps: int = 1, ahead: int = 0) -> GeneratorRecipe:
    drawing, judging = Drawing(redrawn=2, turned=1), Judging(ahead=ahead)
    return GeneratorRecipe(faces(size), size, CHANNELS, batch=4, steps=steps, seed=0, drawing=drawing, judging=judging)


def test_resolutions_above_the_size_are_left_out() -> None:
    assert recipe(32).channels == {4: 8, 8: 8, 16: 8, 32: 8}


@pytest.mark.parametrize(("steps", "draws_better"), [(2, False), (3, True)])
def test_the_judge_learns_alone_at_first(steps: int, draws_better: bool, quiet_trainer: pl.Trainer) -> None:
    network = recipe(32, steps=steps, ahead=2)
    drawing, judging = network.generator.conv1.conv.weight, network.discriminator.from_rgb.weight
    drawn_before, judged_before = drawing.detach().clone(), judging.detach().clone()
    quiet_trainer.fit(network)
    assert not torch.equal(judging, judged_before)
    assert torch.equal(drawing, drawn_before) != draws_better


def test_noise_is_never_learnt() -> None:
    network = recipe(32)
    optimised = {
        id(p) for optimizer in network.configure_optimizers() for g in optimizer.param_groups for p in g["params"]
    }
    silent = [p for name, p in network.generator.named_parameters() if "noise" in name]
    assert silent
    assert all(id(p) not in optimised and (p == 0).all() for p in silent)


def test_terms_of_identity_need_a_teacher() -> None:
    for name in ("identity", "apart"):
        with pytest.raises(ConfigError, match=rf"recipe\.weights\.{name} is 0\.5, and there is no recipe\.teacher"):
            GeneratorRecipe(faces(32), 32, CHANNELS, batch=8, steps=1, seed=0, weights=Weights(**{name: 0.5}))


def test_the_sheet_shows_people_then_faces_above_their_redrawings_and_others() -> None:
    assert recipe(32).samples().shape == (48 + 8 + 8 + 8, 3, 32, 32)


def test_only_codes_that_are_read_can_be_turned() -> None:
    for redrawn, turned in ((0, 0), (1, 2), (3, 2)):
        with pytest.raises(ConfigError, match=rf"drawing\.redrawn is {redrawn}, with .*\.turned {turned} and .* 4;"):
            GeneratorRecipe(faces(32), 32, CHANNELS, batch=4, steps=1, seed=0, drawing=Drawing(redrawn, turned))
