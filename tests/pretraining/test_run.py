"""A failure here: a recipe that was killed could not be resumed, or would ship weights that nobody can load."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from riddle_pl.config.check import locate
from riddle_pl.errors import CheckpointError, DataError
from riddle_pl.packs import load_pack
from riddle_pl.pretraining.recipe import Recipe
from riddle_pl.pretraining.run import run
from tests.pretraining.jobs import RECIPES, small_job

TIMED = ("seconds",)


class Killed(BaseException):
    """What a kill looks like from inside."""


@pytest.fixture
def own_pack(tiny_pack_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny pack, to write into."""
    return Path(shutil.copytree(tiny_pack_folder, tmp_path / "pack"))


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, every recipe is killed in the step of this number."""
    next_step = Recipe.next_step

    def dying(self: Recipe) -> int:
        if int(self.step_count) == step:
            raise Killed
        return next_step(self)

    monkeypatch.setattr(Recipe, "next_step", dying)


def saved(out: Path) -> dict[str, object]:
    checkpoint = torch.load(out / "last.ckpt", weights_only=True)
    for name in TIMED:
        del checkpoint["state_dict"][name]
    return {key: checkpoint[key] for key in ("state_dict", "optimizer_states", "lr_schedulers", "global_step")}


def assert_equal(a: object, b: object, place: str = "checkpoint") -> None:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        assert torch.equal(a, b), place
    elif isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys(), place
        for key in a:
            assert_equal(a[key], b[key], f"{place}.{key}")
    elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        assert len(a) == len(b), place
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_equal(one, other, f"{place}[{index}]")
    else:
        assert a == b, place


@pytest.mark.slow
@pytest.mark.parametrize("case", RECIPES)
def test_a_killed_run_resumes_to_the_same_weights_and_exports(
    case: str, data_root: Path, own_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = small_job(case, data_root, own_pack)
    pack = load_pack(own_pack)
    before = {role: pack.entry(role).sha256 for role in pack.roles}

    with monkeypatch.context() as patch:
        killed_at(2, patch)
        with pytest.raises(Killed):
            run(cfg, tmp_path / "killed")
    assert saved(tmp_path / "killed")["state_dict"]["step_count"] == 2  # type: ignore[index, call-overload]
    logged = tmp_path / "killed" / "log" / "version_0" / "metrics.csv"
    logged.parent.mkdir(parents=True, exist_ok=True)
    logged.write_text("what the first part logged", encoding="utf-8")
    torch.manual_seed(12345)  # another process would have another state here
    run(cfg, tmp_path / "killed", ["recipe=x", f"data.root={data_root}", "out=/somewhere/else"])

    pack = load_pack(own_pack)
    roles = locate(cfg.recipe._target_, "recipe").roles
    assert {role for role in pack.roles if pack.entry(role).sha256 != before.get(role)} == set(roles)
    for role in roles:
        assert all(torch.isfinite(value).all() for value in pack.load(role).state_dict().values())
        card = (own_pack / f"{role}.md").read_text(encoding="utf-8")
        assert card.startswith(f"# {role}\n")
        assert re.search(r"seed 0, 4 steps, \d+ minutes on \d+ CPU threads\n", card)
        assert str(data_root) not in card
        assert "/somewhere" not in card

    run(small_job(case, data_root, own_pack), tmp_path / "straight")
    assert_equal(saved(tmp_path / "straight"), saved(tmp_path / "killed"))
    assert logged.read_text(encoding="utf-8") == "what the first part logged"


def test_a_finished_run_is_exported_without_training(
    data_root: Path, own_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small_job("parser", data_root), tmp_path / "run")
    sheet = tmp_path / "run" / "samples_000004.png"
    with Image.open(sheet) as image:
        assert image.size == (8 * 34 + 2, 3 * 34 + 2)
    killed_at(4, monkeypatch)
    run(small_job("parser", data_root, own_pack), tmp_path / "run")
    card = (own_pack / "parser.md").read_text(encoding="utf-8")
    assert f" minutes on {torch.get_num_threads()} CPU threads\n" in card
    parser = load_pack(own_pack).load("parser")
    assert parser(torch.zeros(1, 3, 32, 32)).shape == (1, 19, 32, 32)
    trained = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)["state_dict"]
    stored = parser.state_dict()["final.weight"]
    torch.testing.assert_close(stored, trained["average.module.final.weight"].half().float())


def test_another_seed_gives_another_run(data_root: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        run(small_job("parser", data_root, None, "recipe.steps=1", f"seed={seed}"), tmp_path / str(seed))
    one, other = (saved(tmp_path / seed)["state_dict"] for seed in "01")
    assert not torch.equal(one["parser.final.weight"], other["parser.final.weight"])  # type: ignore[index]


def test_a_checkpoint_of_something_else_is_refused(data_root: Path, tmp_path: Path) -> None:
    run(small_job("parser", data_root, None, "recipe.steps=1"), tmp_path)
    with pytest.raises(CheckpointError, match=r"last\.ckpt does not fit ParserRecipe: .* give another out="):
        run(small_job("parser", data_root, None, "recipe.widths=[4, 4, 4, 4, 4]"), tmp_path)
    (tmp_path / "last.ckpt").write_bytes(b"half a fi")
    with pytest.raises(CheckpointError, match=r"last\.ckpt is not a readable PyTorch checkpoint"):
        run(small_job("parser", data_root), tmp_path)


def test_a_run_is_not_continued_to_another_length(data_root: Path, tmp_path: Path) -> None:
    """The learning rate has fallen to its end."""
    run(small_job("parser", data_root, None, "recipe.steps=1"), tmp_path)
    before = (tmp_path / "last.ckpt").read_bytes()
    with pytest.raises(CheckpointError, match=r"has recipe\.steps=1, this command 2; .* another out="):
        run(small_job("parser", data_root, None, "recipe.steps=2"), tmp_path)
    assert (tmp_path / "last.ckpt").read_bytes() == before


def test_bad_data_leaves_no_folder(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no face in faces"):
        run(small_job("generator", data_root, None, "data.held_out=1.0"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
