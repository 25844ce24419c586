"""If this fails, the help of an application lists what belongs to another one, or an option that it then refuses."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

import riddle_pl.conf
from riddle_pl.config import check_config, compose_jobs
from riddle_pl.config.help import app_groups, app_help

CONF = Path(riddle_pl.conf.__file__ or "").parent
APPS = ("pretrain", "eval", "audit", "attack", "ablation")
"""Of the applications but riddle-train, whose options test_experiments.py composes."""
OF_PHOTOS = {"colour", "draw", "face_detector", "gate", "grain", "mask", "nonce"}
"""Groups of `riddle encrypt --set`."""
FOLLOW = {"budget", "hydra"}
"""Groups that nobody chooses: they go with another one, or are Hydra's."""


@pytest.mark.parametrize("app", APPS)
def test_every_option_that_help_lists_fits(app: str) -> None:
    for group, options in app_groups(app).items():
        if app != "eval" and group in ("pack", "invert", "evaluators", "detectors"):
            continue  # the same files as in riddle-eval
        if group == "method":
            continue  # tests/cli/test_eval.py builds each
        for option in options:
            given = [] if option == "drawn" or app == "ablation" else ["data.root=given"]
            given += ["export=given"] if app == "pretrain" else []
            [cfg] = compose_jobs(app, [f"{group}={option}", *given])
            for key in OmegaConf.missing_keys(cfg):
                OmegaConf.update(cfg, key, "given")
            check_config(cfg)


def test_every_option_is_listed_by_an_application_that_has_it() -> None:
    listed = [(group, name) for app in ("train", *APPS) for group, names in app_groups(app).items() for name in names]
    written = {(path.parent.name, path.stem) for path in CONF.glob("*/*.yaml")}
    unlisted = {(group, name) for group, name in written - {*listed} if group not in OF_PHOTOS | FOLLOW}
    assert unlisted == {("encryptor", "padded"), ("password", "key_stream")}  # a recipe's, not riddle-train's


@pytest.mark.parametrize(
    ("app", "own", "others"),
    [
        (
            "train",
            "loss: after_codes, codes, default",
            ("recipe", "audit", "method", "attack", "mask", "budget", "hydra"),
        ),
        ("eval", "data: drawn, folder, lfw", ("recipe", "audit", "loss", "encryptor", "trainer", "experiment")),
        ("audit", "audit: encoder, encryptor", ("recipe", "method", "loss", "data")),
        ("pretrain", "recipe: ciagan_small", ("data", "loss", "audit")),
    ],
)
def test_an_application_lists_its_own_groups_alone(app: str, own: str, others: tuple[str, ...]) -> None:
    lines = app_help(app).splitlines()
    assert any(line.startswith(own) for line in lines)
    assert not [line for line in lines if line.split(":")[0] in others]
    assert max(map(len, lines)) <= 120
    assert f"riddle-{app}" in lines[0]
