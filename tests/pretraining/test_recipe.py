"""A failure here: a recipe would never end, or its model card would not say how the network was made."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from riddle_pl.errors import PackError
from riddle_pl.packs import build
from riddle_pl.packs.write import write_pack_entry
from riddle_pl.pretraining.recipe import PackRole, Recipe, model_card


class Idle(Recipe):
    """Learns nothing."""

    roles = ("idle",)

    def samples(self) -> Float[Tensor, "n 3 h w"]:
        return torch.zeros(1, 3, 4, 4)

    def pack_roles(self) -> list[PackRole]:
        return [PackRole("idle", nn.Linear(2, 3), "mlp", {}, "Does nothing.\n")]


def idle(steps: int, seed: int = 0) -> Idle:
    recipe = Idle(seed, steps)
    recipe.trainer = SimpleNamespace(should_stop=False)  # type: ignore[assignment]
    return recipe


def test_stops_after_the_last_step() -> None:
    recipe = idle(3)
    assert [(recipe.next_step(), recipe.trainer.should_stop) for _ in range(3)] == [(0, False), (1, False), (2, True)]
    assert recipe.finished


def test_a_step_has_its_own_chance() -> None:
    def drawn(recipe: Idle) -> list[float]:
        recipe.next_step()
        return torch.rand(3).tolist()

    straight = idle(9)
    drawn(straight)
    second = drawn(straight)
    resumed = idle(9)
    resumed.step_count += 1
    assert drawn(resumed) == second
    assert drawn(idle(9, seed=1)) != drawn(idle(9))


def test_the_loader_has_a_number_for_every_step() -> None:
    loader = idle(3).train_dataloader()
    assert len(loader) == 3
    assert list(loader) == [0, 1, 2]


def test_a_model_card_holds_what_a_reader_asks_for() -> None:
    [role] = idle(1).pack_roles()
    card = model_card(role, "riddle-pretrain recipe=idle", "seed 7, 1,234 steps", {"error": 0.123456})
    for text in ("# idle", "Does nothing.", "`riddle-pretrain recipe=idle`", "9 parameters", "- seed 7, 1,234 steps"):
        assert text in card
    assert "| error | 0.1235 |" in card
    assert "CC BY-NC-SA 4.0" in card
    assert "Measured" not in model_card(role, "x", "seed 0", {})


def test_the_card_says_how_long_the_run_took_and_on_what() -> None:
    recipe = idle(2000, seed=7)
    recipe.step_count += 1234
    recipe.seconds += 3600.0
    assert recipe.made() == "seed 7, 1,234 steps, 60 minutes on hardware that was not recorded"
    recipe.on_train_start()
    assert recipe.made().endswith(f"60 minutes on {torch.get_num_threads()} CPU threads")


@pytest.mark.parametrize("stored", [{}, {"hardware": ""}, {"hardware": 3}, {"hardware": "a\nb"}])
def test_a_checkpoint_that_does_not_say_the_hardware_loads(stored: dict[str, object]) -> None:
    recipe = idle(1)
    recipe.on_load_checkpoint(stored)
    assert recipe.made().endswith("on hardware that was not recorded")


def test_the_base_class_alone_is_no_recipe() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Recipe(0, 1)  # type: ignore[abstract]


def test_before_training_it_is_sure_that_the_export_loses_nothing(tmp_path: Path) -> None:
    recipe = idle(1)
    with pytest.raises(PackError, match=r"is no pack yet; make one first.*riddle packs new"):
        recipe.check_export(tmp_path)
    args = {"size": 8, "channels": {4: 4, 8: 4}, "mapping_layers": 1}
    write_pack_entry(tmp_path, "generator", build("stylegan2", args), "stylegan2", args)
    recipe.check_export(tmp_path)
    recipe.roles = ("generator",)
    with pytest.raises(PackError, match="has a network generator already; give export= another"):
        recipe.check_export(tmp_path)
    recipe.check_export(tmp_path, overwrite=True)
