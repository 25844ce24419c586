"""A failure here: a run goes on as another, a start does not fit, or a stranger's checkpoint says what is called."""

from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.config import compose_jobs
from riddle_pl.config.check import locate, to_plain
from riddle_pl.errors import CheckpointError, RiddleError
from riddle_pl.packs import Pack, load_pack
from riddle_pl.packs.architectures import ENCRYPTORS, class_of
from riddle_pl.packs.encryptors import EncryptorSpec
from riddle_pl.training.checkpoint_file import load_checkpoint
from riddle_pl.training.inherit import inherited, kept_overrides
from tests.training.jobs import fit, small_overrides


def command(pack: Pack, *overrides: str) -> list[str]:
    own = ["encryptor=involutive", "encryptor.hidden=16", "encryptor.depth=1", "seed=3"]
    rate = ["optimizer=adamw", "optimizer.lr=1e-3", "scheduler=cosine", "callbacks.grid=null", "logger=none"]
    return small_overrides(pack.folder, *own, *rate, *overrides)


@pytest.fixture(scope="module")
def checkpoint(tiny_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    overrides = command(tiny_pack)
    [cfg] = compose_jobs("train", overrides)
    path = fit(cfg, tmp_path_factory.mktemp("run"), overrides=kept_overrides(overrides))
    assert path is not None
    return path


def settings(overrides: list[str]) -> dict[str, Any]:
    [cfg] = compose_jobs("train", [*inherited(overrides), *overrides])
    return {key: value for key, value in to_plain(cfg).items() if key != "ckpt_path"}


def test_a_checkpoint_alone_says_all(checkpoint: Path, tiny_pack: Pack, capsys: pytest.CaptureFixture[str]) -> None:
    [cfg] = compose_jobs("train", command(tiny_pack))
    expected = {key: value for key, value in to_plain(cfg).items() if key != "ckpt_path"}
    assert settings([f"ckpt_path={checkpoint}"]) == expected
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "resumes after step 4 with its own settings (" in err
    assert "seed=3" in err
    assert "overridden" not in err


def test_what_the_command_line_says_wins_and_is_told(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = settings([f"ckpt_path={checkpoint}"])
    changed = settings([f"ckpt_path={checkpoint}", "steps=9", "batch_size=2", "optimizer=ranger"])
    assert (changed["steps"], changed["trainer"]["max_steps"], changed["scheduler"]["total_steps"]) == (9, 9, 9)
    assert changed["optimizer"]["_target_"].endswith("ranger")
    assert changed["optimizer"]["lr"] == 5e-4  # that of the optimiser that was chosen, not the other's
    assert changed["encryptor"] == own["encryptor"]
    assert "; overridden: optimizer=ranger steps=9\n" in capsys.readouterr().err  # batch_size=2 is the run's own


def test_quiet_says_nothing(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inherited([f"ckpt_path={checkpoint}", "quiet=true"])
    assert capsys.readouterr().err == ""


def test_the_continuation_of_a_continuation_is_the_run(checkpoint: Path) -> None:
    first = [*inherited([f"ckpt_path={checkpoint}", "steps=6"]), f"ckpt_path={checkpoint}", "steps=6"]
    kept = kept_overrides([*first, "export=somewhere", "hydra.run.dir=there"])
    assert "steps=6" in kept
    assert not [text for text in kept if text.startswith(("ckpt_path", "export", "hydra", "steps=4"))]
    assert len({text.partition("=")[0] for text in kept}) == len(kept)


def crafted(checkpoint: Path, path: Path, *overrides: str) -> Path:
    state = torch.load(checkpoint, weights_only=True)
    state["riddle"]["overrides"] = [*state["riddle"]["overrides"], *overrides]
    torch.save(state, path)
    return path


@pytest.mark.parametrize(
    "override",
    [
        "encryptor._target_=os.system",
        "++callbacks.x={_target_: os.system, command: ls}",
        "data.val_samples=${oc.env:HOME}",
        "seed=1,2",
    ],
)
def test_a_strangers_checkpoint_names_nothing_to_be_called(checkpoint: Path, tmp_path: Path, override: str) -> None:
    path = crafted(checkpoint, tmp_path / "crafted.ckpt", override)
    with pytest.raises(CheckpointError, match="nothing that is called is taken from a file") as error:
        inherited([f"ckpt_path={path}"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "override",
    [
        *("callbacks.best.dirpath=/etc", "++logger.csv.folder=../../up", "encryptor=../../there"),
        *("hydra.run.dir=/etc", "export=/etc", "hydra/launcher=x"),
    ],
)
def test_a_strangers_checkpoint_names_no_place_to_write_to(
    checkpoint: Path, tmp_path: Path, override: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = crafted(checkpoint, tmp_path / "crafted.ckpt", override)
    assert override not in inherited([f"ckpt_path={path}"])
    if override.startswith(("callbacks", "++logger")):
        assert f"not taken, give it again if it is meant: {override}" in capsys.readouterr().err


@pytest.mark.parametrize("overrides", ["text", [1], ["a\nb"], ["x" * 5000], ["seed=1"] * 2000])
def test_overrides_that_no_command_has_are_refused(checkpoint: Path, tmp_path: Path, overrides: Any) -> None:
    state = torch.load(checkpoint, weights_only=True)
    state["riddle"]["overrides"] = overrides
    torch.save(state, tmp_path / "crafted.ckpt")
    with pytest.raises(CheckpointError, match="the checkpoint's overrides"):
        inherited([f"ckpt_path={tmp_path / 'crafted.ckpt'}"])


def test_an_earlier_checkpoint_says_that_it_does_not_say(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = torch.load(checkpoint, weights_only=True)
    for key in ("overrides", "made_by", "wandb", "hardware"):
        del state["riddle"][key]
    torch.save(state, tmp_path / "earlier.ckpt")
    assert inherited([f"ckpt_path={tmp_path / 'earlier.ckpt'}"]) == []
    assert "the settings are those of this command" in capsys.readouterr().err


def test_a_start_takes_over_the_arguments_of_the_encryptor(tiny_pack: Pack) -> None:
    start = f"start_pack={tiny_pack.folder}"
    more = inherited([start])
    assert set(more) == {"encryptor=transformer", "++encryptor.ffn=64", "++encryptor.depth=1"}
    [cfg] = compose_jobs("train", [*more, start, f"pack.name_or_path={tiny_pack.folder}"])
    assert (cfg.encryptor.ffn, cfg.encryptor.depth) == (64, 1)
    assert set(inherited([start, "export_role=encryptor-df"])) == {
        "++encryptor.hidden=16",
        "++encryptor.depth=2",
        "password=single_token",
    }


def test_a_start_leaves_what_the_user_chose(tiny_pack: Pack) -> None:
    start = f"start_pack={tiny_pack.folder}"
    assert inherited([start, "encryptor=mlp"]) == []
    assert inherited([start, "encryptor=transformer", "encryptor.depth=3"]) == ["++encryptor.ffn=64"]
    assert inherited([start, "experiment=riddle_df"]) == []
    assert "password=single_token" not in inherited([start, "export_role=encryptor-df", "password=per_layer"])


def test_a_start_at_a_checkpoint_takes_over_its_encryptor(checkpoint: Path) -> None:
    assert set(inherited([f"start_ckpt={checkpoint}"])) == {"++encryptor.hidden=16", "++encryptor.depth=1"}


def test_without_either_nothing_is_taken_over() -> None:
    assert inherited(["steps=3"]) == []
    assert inherited(["steps="]) == []
    assert inherited(["a b c=="]) == []


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    for override in (f"ckpt_path={tmp_path}/no.ckpt", f"start_ckpt={tmp_path}/no.ckpt", "start_pack=nothing/here"):
        with pytest.raises(RiddleError) as error:
            inherited([override])
        assert "\n" not in str(error.value)


def test_a_run_goes_on_with_its_rate(checkpoint: Path, tiny_pack: Pack, tmp_path: Path) -> None:
    overrides = [f"ckpt_path={checkpoint}", "steps=5"]
    [cfg] = compose_jobs("train", [*inherited(overrides), *overrides])
    path = fit(cfg, tmp_path)
    assert path is not None
    state = load_checkpoint(path)
    assert state["global_step"] == 5
    assert state["optimizer_states"][0]["param_groups"][0]["initial_lr"] == 1e-3


@pytest.mark.parametrize("arch", [arch for arch in ENCRYPTORS if arch != "padded"])
def test_every_encryptor_that_is_trained_has_an_option_of_its_own(arch: str) -> None:
    [cfg] = compose_jobs("train", [f"encryptor={arch}"])
    assert locate(cfg.encryptor["_target_"], "encryptor") is class_of(arch)


def test_a_start_from_the_papers_encryptor_takes_over_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    args = dict(load_pack("lite").entry("encryptor-paper").args)
    own = settings(["start_pack=lite", "export_role=encryptor-paper"])
    assert own["encryptor"]["_target_"].endswith("TransformerPaperEncryptor")
    given = {key: value for key, value in own["encryptor"].items() if not key.startswith("_")}
    made = EncryptorSpec.of(class_of("transformer_paper"), given | {"num_layers": args["num_layers"]})
    assert made is not None
    assert made.args == args
    assert own["password"]["_target_"].endswith("SingleToken")
    assert "start_pack=lite: this run takes over encryptor=transformer_paper" in capsys.readouterr().err
