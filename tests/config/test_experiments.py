"""A failure here: an experiment of the documentation would not start, or `--help` offers what does not."""

import re
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

import riddle_pl.conf
from riddle_pl.config import check_config, compose_jobs
from riddle_pl.config.help import app_groups
from riddle_pl.losses.total import TERMS

CONF = Path(riddle_pl.conf.__file__ or "").parent
PACKS = ("lite", "ffhq256")


def options(group: str) -> list[str]:
    """Names of the YAML files of a group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def job(*overrides: str) -> DictConfig:
    """A composed and checked config; a folder of photos is given where one is wanted."""
    [cfg] = compose_jobs("train", overrides)
    if OmegaConf.is_missing(cfg.data, "root"):
        cfg.data.root = "photos"
    check_config(cfg)
    return cfg


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_target_of_every_experiment_fits_its_signature(experiment: str, pack: str) -> None:
    cfg = job(f"experiment={experiment}", f"pack={pack}")
    assert cfg.name == experiment
    assert cfg.pack.name_or_path == pack


@pytest.mark.parametrize("group", app_groups("train"))
def test_every_option_that_help_lists_fits(group: str) -> None:
    for option in app_groups("train")[group]:
        if group == "hparams_search":
            continue  # a plug-in, which is an extra
        job(f"{group}={option}")


def test_the_papers_settings() -> None:
    cfg = job("experiment=riddle", "pack=ffhq256")
    assert (cfg.steps, cfg.batch_size) == (100_000, 4)
    assert (cfg.optimizer._target_, cfg.optimizer.lr) == ("riddle_pl.training.optim.ranger", 5e-4)
    assert cfg.encryptor._target_.endswith(".TransformerPaperEncryptor")
    assert cfg.password._target_.endswith(".SingleToken")
    assert cfg.views._target_.endswith(".AlignedView")
    assert (cfg.loss.perceptual.weight, cfg.loss.pixel.weight, cfg.loss.deidentification.margin) == (1, 0.05, 0.1)


def test_an_ablation_differs_in_one_thing() -> None:
    whole = job("experiment=riddle", "pack=ffhq256")
    for name, changed in (("wo_transformer", "encryptor"), ("wo_diversity", "loss"), ("riddle_df", "data")):
        part = job(f"experiment={name}", "pack=ffhq256")
        assert {key for key in whole if whole[key] != part[key]} == {"name", changed}


@pytest.mark.parametrize("experiment", ["riddle", "riddle_df", "wo_transformer", "involutive_df"])
def test_the_stage_on_codes_brings_its_loss_and_its_budget_to_any_experiment(experiment: str) -> None:
    cfg = job(f"experiment={experiment}", "stage=codes")
    assert (cfg.steps, cfg.batch_size, cfg.optimizer.lr, cfg.scheduler.warmup_steps) == (1500, 64, 5e-4, 50)
    assert cfg.stage._target_.endswith(".CodesStage")
    assert cfg.optimizer._target_.endswith(".adamw")
    assert list(cfg.optimizer.betas) == [0.9, 0.99]
    assert cfg.trainer.gradient_clip_val == 1.0
    assert "recovery_codes" in cfg.loss
    assert "recovery" not in cfg.loss
    changed = ("loss", "stage", "optimizer", "scheduler", "steps", "batch_size", "val_every", "trainer", "views")
    pictures = job(f"experiment={experiment}")
    others = {key for key in cfg if cfg[key] != pictures[key]} - {*changed, "callbacks", "data", "encryptor"}
    assert not others
    assert cfg.data._target_ == pictures.data._target_
    assert cfg.encryptor._target_ == pictures.encryptor._target_


def test_only_the_papers_transformer_begins_elsewhere_on_codes() -> None:
    paper = job("experiment=riddle_df", "stage=codes").encryptor
    assert (paper.start, paper.dropout) == ("difference", 0.0)
    assert (job("experiment=riddle_df").encryptor.start, job("experiment=riddle_df").encryptor.dropout) == (
        "usual",
        0.1,
    )
    for experiment in ("wo_transformer", "involutive_df"):
        assert "start" not in job(f"experiment={experiment}", "stage=codes").encryptor


def test_the_command_line_overrules_the_stage() -> None:
    cfg = job("experiment=riddle_df", "stage=codes", "steps=7", "loss=paper", "optimizer.lr=1", "encryptor.start=usual")
    assert (cfg.steps, cfg.optimizer.lr, cfg.encryptor.start) == (7, 1, "usual")
    assert "perceptual" in cfg.loss
    assert cfg.scheduler.total_steps == 7


@pytest.mark.parametrize(
    ("stage", "term"), [("codes", "diversity_codes"), ("pictures", "diversity"), ("after_codes", "diversity")]
)
def test_an_ablation_is_one_in_every_stage(stage: str, term: str) -> None:
    assert job("experiment=wo_diversity", f"stage={stage}").loss[term].weight == 0
    assert job("experiment=riddle", f"stage={stage}").loss[term].weight > 0


@pytest.mark.parametrize("experiment", ["riddle", "riddle_df", "wo_diversity"])
def test_pictures_after_codes_go_on_with_the_same_network_and_a_loss_of_their_own(experiment: str) -> None:
    after = job(f"experiment={experiment}", "stage=after_codes")
    codes = job(f"experiment={experiment}", "stage=codes")
    assert {key for key in codes.encryptor if codes.encryptor[key] != after.encryptor[key]} == {"start"}
    assert after.loss.pixel.images == after.loss.perceptual_recovery.images == ["x_dec"]
    assert after.loss.perceptual_recovery.weight > after.loss.perceptual.weight  # what encrypts is to look like another
    others = ["x_enc1", "x_enc2", "x_wrong1", "x_wrong2"]
    assert after.loss.perceptual.images == after.loss.parse.images == others
    paper = job(f"experiment={experiment}", "stage=after_codes", "loss=paper").loss
    assert {name: term for name, term in paper.items() if term.weight} == {
        name: term for name, term in job(f"experiment={experiment}").loss.items() if term.weight
    }
    assert after.stage._target_.endswith(".PictureStage")
    assert (after.steps, after.batch_size, after.optimizer.lr, after.scheduler.warmup_steps) == (1000, 8, 2e-4, 20)
    assert (after.scheduler.total_steps, after.trainer.gradient_clip_val) == (1000, 1.0)
    assert after.optimizer._target_.endswith(".adamw")


def test_on_codes_of_photos_nothing_holds_encryptions_to_where_photos_lie() -> None:
    photos = job("experiment=riddle", "stage=codes", "loss=photo_codes").loss
    codes = job("experiment=riddle", "stage=codes").loss
    assert {key for key in codes if codes[key] != photos[key]} == {"latent_recovery", "recovery_codes", "typical"}
    assert (photos.typical.weight, photos.latent_recovery.weight, photos.recovery_codes.weight) == (0, 2, 2)
    assert photos.latent_recovery.whitened


def test_the_lite_pack_trains_on_a_cpu_by_default() -> None:
    cfg = job()
    assert cfg.steps * cfg.batch_size <= 50_000
    assert cfg.trainer.accelerator == "auto"


@pytest.mark.parametrize("path", sorted(CONF.rglob("*.yaml")), ids=lambda path: str(path.relative_to(CONF)))
def test_each_file_begins_with_the_command_that_uses_it(path: Path) -> None:
    lines = path.read_text().splitlines()
    first = lines[1] if lines[0].startswith("# @package") else lines[0]
    assert re.match(r"# riddle(-[a-z]+| encrypt) ", first), f"{path} begins with {first!r}"


@pytest.mark.parametrize("term", [term for term in TERMS if not term.endswith("_recovery")])
def test_every_term_can_be_added_to_a_loss(term: str) -> None:
    """As the first line of its file says."""
    assert term in job(f"+loss/term@loss.{term}={term}", f"loss.{term}.weight=2").loss
