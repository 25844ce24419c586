"""A failure here: ``riddle-pretrain`` would not start, would hide a mistake, or would lose the work on Ctrl-C."""

import os
import signal
import sys
from pathlib import Path

import pytest
import torch

import riddle_pl.conf
from riddle_pl.cli.pretrain import main
from riddle_pl.config import compose_jobs
from riddle_pl.faces.detect import FaceDetector
from riddle_pl.pretraining.preflight import check_job
from riddle_pl.pretraining.recipe import Recipe
from tests.pretraining.archives import FACE, face_archive, labelled_archive, write_teacher
from tests.pretraining.jobs import overrides

RECIPES = Path(riddle_pl.conf.__file__ or "").parent / "recipe"


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    face_archive(folder)
    labelled_archive(folder)
    write_teacher(folder / "teacher.ckpt")
    return folder


@pytest.fixture
def pretrain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FaceDetector, "detect", lambda _self, _image: [FACE])

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["riddle-pretrain", *arguments])
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0)
        return 0

    return call


def test_runs_from_any_directory_and_says_nothing(  # type: ignore[no-untyped-def]
    pretrain, data_root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pretrain(*overrides("parser", data_root)) == 0
    assert {path.name for path in (tmp_path / "runs" / "parser").iterdir()} == {
        "last.ckpt",
        "log",
        "samples_000004.png",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["recipe=parsr"], "recipe=parsr is unknown; did you mean 'parser'?"),
        (["recipe.stpes=3"], "recipe.stpes is unknown: recipe has no 'stpes'; did you mean 'steps'?"),
        (["+recipe.stpes=3"], "recipe.stpes is unknown"),
        (["exprot=x"], "did you mean 'export'?"),
        (["data.rot=x"], "did you mean 'root'?"),
        (["trainer.accelerater=cpu"], "did you mean 'accelerator'?"),
        (["trainer.accelerator=gpu"], "no GPU is usable"),
        (["recipe.steps=0"], "recipe.steps=0; expected a whole number of at least 1"),
        (["recipe.steps=many"], "recipe.steps=many; expected a whole number of at least 1"),
        (["data.held_out=-1"], "data.held_out=-1; expected a share of the images from 0 to below 1"),
        (["seed=-1"], "seed=-1; expected a whole number from 0 to 4294967295"),
        (["checkpoint_every=0"], "checkpoint_every=0; expected a whole number of at least 1"),
        (["data.root=nowhere"], "data.root=nowhere does not exist"),
        (["data.root=."], "fasseg.tar does not exist"),
        (["recipe=recogniser"], "recipe.teacher has no value; give recipe.teacher="),
        (["recipe=recogniser", "recipe.teacher=nobody.ckpt"], "recipe.teacher nobody.ckpt does not exist"),
        (["recipe=generator", "recipe.teacher=gone.ckpt"], "recipe.teacher gone.ckpt does not exist"),
        (["recipe=encoder"], "this recipe needs the networks of a pack; give export=FOLDER"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(  # type: ignore[no-untyped-def]
    pretrain,
    data_root: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    part: str,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    recipe = [] if arguments[0].startswith("recipe=") else ["recipe=parser"]
    faces = [] if recipe or "parsr" in arguments[0] else ["recipe.faces.archives=[faces]"]
    faces += ["recipe.held_out.archives=[faces]"] if faces and "generator" not in arguments[0] else []
    root = [] if any(text.startswith("data.root") for text in arguments) else [f"data.root={data_root}"]
    assert pretrain(*recipe, *faces, *root, *arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert part in err
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_of_faces_it_says_which_key_is_missing(pretrain, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert pretrain() == 2
    assert capfd.readouterr().err == "error: data.root has no value; give data.root=...\n"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["parser", "generator"])  # one optimiser, two optimisers
def test_ctrl_c_ends_the_step_saves_and_the_same_command_goes_on(  # type: ignore[no-untyped-def]
    recipe: str,
    pretrain,
    data_root: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [*overrides(recipe, data_root), "checkpoint_every=1000", f"out=runs/{recipe}"]
    next_step = Recipe.next_step

    def interrupted(self: Recipe) -> int:
        step = next_step(self)
        if step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step

    with monkeypatch.context() as patch:
        patch.setattr(Recipe, "next_step", interrupted)
        assert pretrain(*command) == 130
    last = tmp_path / "runs" / recipe / "last.ckpt"
    err = capfd.readouterr().err.splitlines()
    assert err[-1] == f"interrupted after step 2; the same command continues from runs/{recipe}/last.ckpt"
    assert torch.load(last, weights_only=True)["state_dict"]["step_count"] == 2
    assert pretrain(*command) == 0
    assert torch.load(last, weights_only=True)["state_dict"]["step_count"] == 4


def test_help_shows_an_example(pretrain, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert pretrain("--help") == 0
    out = capfd.readouterr().out
    assert "riddle-pretrain recipe=parser data.root=FOLDER" in out
    recipes = sorted(path.stem for path in RECIPES.glob("*.yaml"))
    assert "generator_adversarial" in recipes
    assert f"recipe: {', '.join(recipes)}" in " ".join(out.split())


NEEDED = {
    "recogniser": ("recipe.teacher",),
    "generator_adversarial": ("recipe.teacher",),
}
"""Checkpoints that a recipe cannot do without."""


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_shipped_recipe_fits_its_signature(recipe: str, tmp_path: Path) -> None:
    for name in ("synthetic_128", "aaf_128", "celeba_64", "fasseg"):
        (tmp_path / f"{name}.tar").touch()
    (tmp_path / "public.ckpt").touch()
    more = [f"{key}={tmp_path / 'public.ckpt'}" for key in NEEDED.get(recipe, ())]
    check_job(compose_jobs("pretrain", [f"recipe={recipe}", f"data.root={tmp_path}", f"export={tmp_path}", *more])[0])
