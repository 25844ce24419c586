"""If this fails, a pack gets traits that do not belong to its recogniser."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from riddle_pl.data.face_set import FaceSet
from riddle_pl.errors import ConfigError, DataError
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.drawn_children import DrawnChildren
from riddle_pl.pretraining.traits import TraitsRecipe


def faces(count: int, seed: int = 0) -> FaceSet:
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    names = [f"s/a_{k}_{'fe' * (k % 2)}male.jpg" if k % 3 else f"a/{k:05}A{20 + k}.jpg" for k in range(count)]
    return FaceSet(images, names)


def recipe(pack, train: FaceSet, **changes) -> TraitsRecipe:
    drawn = DrawnChildren(count=12, seed=0, children=[1, 4, 5, 9], unsure=[2])
    made = TraitsRecipe(
        train, faces(8, seed=1), drawn, pack, **{"ridge": 0.1, "count": 20, "batch": 8, "seed": 0, **changes}
    )
    made.trainer = SimpleNamespace(should_stop=False)
    return made


class Worn:
    """A parser that sees glasses in every third face."""

    role, glasses = "parser", 3

    def classes(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.zeros(len(x), 19, 8, 8)
        found[::3, 3] = 1.0
        return found


def test_a_run_writes_what_the_recogniser_s_features_tell(tiny_pack, tmp_path: Path) -> None:
    made = recipe(tiny_pack, faces(30))
    made._glasses = Worn()  # type: ignore[assignment]
    for step in range(made.steps):
        made.training_step(step, step)
    assert made.finished
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))[:20]
    _, features = tiny_pack.load("recogniser").with_features(faces(30).images[order].float() / 127.5 - 1.0)
    torch.testing.assert_close(made.features[:20], features, rtol=1e-3, atol=1e-4)
    generator = tiny_pack.at(min(tiny_pack.manifest.sizes)).generator()
    with torch.no_grad():
        drawn = generator(generator.broadcast(generator.random_w(12, 0))).clamp(-1, 1)
        _, of_drawn = tiny_pack.load("recogniser").with_features(drawn)
    torch.testing.assert_close(made.features[28:], of_drawn, rtol=1e-3, atol=1e-4)
    sex, age, child, glasses, mistaken = made.figures().items()
    assert "held-out faces" in sex[0]
    assert 0 <= sex[1] <= 1
    assert age[1] > 0
    assert child[0] == "area under the ROC curve, 1 children among 3 held-out drawn faces"
    assert glasses[0] == "area under the ROC curve, glasses in 2 of 3 held-out drawn faces"
    assert mistaken[0].startswith("taken for children (above 0.5), share of")
    folder = tmp_path / "pack"
    shutil.copytree(tiny_pack.folder, folder)
    assert made.traits[28:, 3].tolist() == [1.0, 0.0, 0.0] * 2 + [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    made.export(folder, "riddle-pretrain recipe=traits")
    network = load_pack(folder).load("traits")
    torch.testing.assert_close(network(features), made.network(features))


def test_one_in_four_of_the_drawn_faces_is_held_out(tiny_pack) -> None:
    made = recipe(tiny_pack, faces(30))
    assert made.fitted.tolist() == [True] * 20 + [False] * 8 + [False, True, True, True] * 3
    assert made.traits[28:, 2].nansum() == 4
    assert made.traits[30, 2].isnan()
    assert made.traits[28:, :2].isnan().all()
    assert made.traits[:28, 2].isnan().all()


@pytest.mark.parametrize("children", [[], [12], [2], [3, 3]])
def test_lists_that_cannot_be(children) -> None:
    with pytest.raises(ConfigError, match=r"drawn\.children and drawn\.unsure: give different numbers from 0 to 11"):
        DrawnChildren(count=12, seed=0, children=children, unsure=[2])


def test_names_that_tell_nothing_and_no_faces(tiny_pack) -> None:
    nameless = FaceSet(faces(4).images, ["x/1.jpg"] * 4)
    with pytest.raises(DataError, match="no name of x \\(4\\) tells the sex"):
        recipe(tiny_pack, nameless)
    with pytest.raises(ConfigError, match=r"recipe.count=0"):
        recipe(tiny_pack, faces(4), count=0)
