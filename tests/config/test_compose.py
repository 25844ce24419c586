"""A failure here: a typing error would be found hours into a run, or not at all."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from riddle_pl.config import check_config, compose_jobs
from riddle_pl.config.compose import lenient_in_sweeps
from riddle_pl.errors import ConfigError


def compose_and_check(overrides: Sequence[str], multirun: bool) -> None:
    for job in compose_jobs("train", overrides, multirun):
        check_config(job)


def complain(*overrides: str, multirun: bool = False) -> str:
    """The error line about a command line."""
    with pytest.raises(ConfigError) as error:
        compose_and_check(overrides, multirun)
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("override", "nearest"),
    [
        ("sed=1", "seed"),
        ("+sed=1", "seed"),
        ("optimzer=adamw", "optimizer"),
        ("optimizer=adam", "adamw"),
        ("experiment=ridle", "riddle"),
        ("pack=ffhq265", "ffhq256"),
        ("optimizer.lrr=1", "lr"),
        ("+optimizer.lrr=1", "lr"),
        ("optimizer.beta=[0,0]", "betas"),
        ("trainer.max_step=1", "max_steps"),
        ("+trainer.max_time_=1", "max_time"),
        ("loss.diversty.weight=1", "diversity"),
        ("+loss.diversity.wieght=1", "weight"),
        ("callbacks.eam=null", "ema"),
        ("callbacks.ema.decya=0.9", "decay"),
        ("logger=wandb_ofline", "wandb_offline"),
        ("data.batch_sze=3", "batch_size"),
        ("encryptor.head=2", "heads"),
        ("optimizer._target_=riddle_pl.training.optim.rangr", "ranger"),
        ("+callbacks.emma={decay: 0.9}", "ema"),
    ],
)
def test_a_misspelt_name_is_an_error_that_names_the_nearest(override: str, nearest: str) -> None:
    assert f"did you mean '{nearest}'?" in complain(override)


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("seed=one", "seed=one"),
        ("optimizer.lr=fast", "optimizer.lr='fast' is a str; expected float"),
        ("optimizer.k=2.5", "optimizer.k=2.5 is a float; expected int"),
        ("quiet=maybe", "quiet=maybe"),
        ("data=images", "data.root has no value; give data.root="),
        ("optimizer", "override 'optimizer' cannot be read"),
        ("seed=1 = 2", "cannot be read"),
        ("optimizer._target_=riddle_pl.training.nothing.ranger", "optimizer._target_"),
        ("steps=${stepz}", "stepz"),
        ("logger=null", "logger=null: choose from csv, many, none, tensorboard, wandb, wandb_offline; or logger=none"),
        ("scheduler=null", "scheduler=null: choose from constant, cosine, warmup; or leave it out"),
        ("=3", "override '=3' cannot be read; write key=value"),
        ("lr=0.1", "lr is unknown: there is no such key; did you mean optimizer.lr?"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_key(override: str, part: str) -> None:
    assert part in complain(override)


def test_every_job_of_a_sweep_is_checked_first() -> None:
    assert "nothing_like_it" in complain("optimizer=ranger,nothing_like_it", multirun=True)
    assert "expected float" in complain("optimizer.lr=0.1,fast", multirun=True)


def test_a_sweep_is_one_job_per_combination() -> None:
    jobs = compose_jobs("train", ["experiment=riddle,wo_transformer", "seed=0,1", "data.root=x"], multirun=True)
    assert [(job.name, job.seed) for job in jobs] == [
        ("riddle", 0),
        ("riddle", 1),
        ("wo_transformer", 0),
        ("wo_transformer", 1),
    ]


def test_the_sweep_file_lists_the_ablation() -> None:
    jobs = compose_jobs("train", ["sweep=ablation", "data.root=x"], multirun=True)
    assert [job.name for job in jobs] == ["riddle", "wo_transformer", "wo_diversity"]


def test_values_of_a_sweep_may_belong_to_swept_groups_alone() -> None:
    given = ["experiment=a,b", "data.root=x", "+data.new=1", "hydra.verbose=true", "seed=1", "a/b=c"]
    assert lenient_in_sweeps(given) == ["experiment=a,b", "++data.root=x", *given[2:]]


def test_the_sweep_of_wandb_sets_keys_that_are_there() -> None:
    text = (Path(__file__).resolve().parents[2] / "scripts" / "wandb_sweep.yaml").read_text(encoding="utf-8")
    sweep = yaml.safe_load(text)
    values = {
        key: space["values"][0] if "values" in space else space["min"] for key, space in sweep["parameters"].items()
    }
    [cfg] = compose_jobs("train", [f"{key}={value}" for key, value in values.items()])
    check_config(cfg)
    assert sweep["metric"]["name"] == "val/loss/total"
    assert sweep["program"] == "riddle-train"
