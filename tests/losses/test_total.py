"""If this fails, a loss config does not mean what it says: a wrong weight, or a misspelt term left out in silence."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from riddle_pl.errors import ConfigError
from riddle_pl.losses import PRODUCED, TERMS, RiddleLoss, build_loss
from riddle_pl.losses.latent import LatentLoss
from riddle_pl.losses.pixel import PixelLoss
from riddle_pl.losses.recovery import RecoveryLoss
from riddle_pl.losses.term import check_name
from tests.losses.fakes import gradients, make_step, run_step

CONF = Path(__file__).resolve().parents[2] / "conf"
LOSSES = ("paper", "default", "involutive", "involutive_distinct", "codes", "photo_codes", "after_codes")


def compose_loss(name: str, *overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        group = "loss/term@loss" if name in TERMS else "loss"
        return compose(config_name=None, overrides=[f"+{group}={name}", *overrides]).loss


def test_total_is_the_weighted_sum_and_values_are_unweighted():
    step = make_step()
    total, values = RiddleLoss({"pixel": PixelLoss(0.5), "recovery": RecoveryLoss(2.0)})(run_step(step))
    assert values.keys() == {"pixel", "recovery"}
    assert values["recovery"].item() == pytest.approx(RecoveryLoss(1.0)(run_step(step)).item())
    assert total.item() == pytest.approx(0.5 * values["pixel"].item() + 2 * values["recovery"].item())
    assert not any(value.requires_grad for value in values.values())
    assert all(slope.any() for slope in gradients(step, total))


def test_unknown_term_names_the_nearest():
    with pytest.raises(ConfigError, match=r"loss term 'recoverry' is unknown; did you mean 'recovery'\? choose from "):
        RiddleLoss({"recoverry": RecoveryLoss()})
    with pytest.raises(ConfigError, match=r"loss term 'diversty' is unknown; .*did you mean 'diversity'"):
        build_loss({"diversty": {"weight": 1.0}})


def test_unknown_setting_names_the_nearest():
    with pytest.raises(ConfigError, match=r"setting of loss.diversity 'margn' is unknown; .*did you mean 'margin'\?"):
        build_loss({"diversity": {"weight": 1.0, "margn": 0.1}})


def test_a_name_is_offered_where_half_of_it_fits_and_not_otherwise():
    with pytest.raises(ConfigError, match=r"; did you mean 'diversity'\? choose from "):
        check_name("div", ["pixel", "diversity"], "loss term")
    with pytest.raises(ConfigError, match=r"is unknown; choose from diversity, pixel$"):
        check_name("exact", ["pixel", "diversity"], "loss term")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight": -1.0}, r"loss\.recovery: weight=-1\.0 in RecoveryLoss; expected a finite number of at least 0"),
        ({"weight": float("nan")}, r"loss\.recovery: weight=nan"),
        ({"weight": float("inf")}, r"loss\.recovery: weight=inf"),
        ({"weight": True}, r"loss\.recovery\.weight=True; expected a number"),
        ({"weight": "heavy"}, r"loss\.recovery\.weight='heavy'; expected a number"),
        (3.0, r"loss\.recovery=3\.0; expected settings"),
        ({"images": ["x_dec"]}, r"setting of loss\.recovery 'images' is unknown"),
        ({"_target_": "os.system", "weight": 1.0}, r"loss\.recovery\._target_=os\.system; expected riddle_pl\.losses"),
    ],
)
def test_bad_settings_name_the_key(settings, message):
    with pytest.raises(ConfigError, match=message):
        build_loss({"recovery": settings})


def test_a_setting_of_another_kind_names_the_term_and_what_was_given():
    with pytest.raises(ConfigError, match=r"(?s)^loss\.pixel: .*; given: .*'images': 3"):
        build_loss({"pixel": {"weight": 1.0, "images": 3}})


@pytest.mark.parametrize("off", [None, {"weight": 0.0}])
def test_a_term_that_is_off_costs_nothing(off):
    step = make_step()
    loss = build_loss({"parse": off, "perceptual": off, "pixel": {"weight": 1.0}})
    _, values = loss(run_step(step))
    assert values.keys() == {"pixel"}
    assert loss.needs == {}
    assert step.parser.calls == step.perceptual.calls == step.recogniser.calls == []


def test_a_loss_without_terms_is_an_error():
    with pytest.raises(ConfigError, match="no loss term has a weight above 0"):
        build_loss({"pixel": {"weight": 0.0}})


def test_a_term_whose_network_is_missing_is_an_error():
    step = make_step()
    step.parser = None
    with pytest.raises(ConfigError, match="needs a parser and there is none"):
        build_loss({"parse": {"weight": 1.0}})(run_step(step))


def test_each_image_goes_through_each_network_once():
    step = make_step()
    batch = 3
    build_loss(compose_loss("default"))(run_step(step))
    for network in (step.recogniser, step.perceptual, step.parser):
        assert network.calls[0] == (batch, False)  # x, without a graph
        assert len(network.calls) == 2
    assert step.recogniser.calls[1] == (5 * batch, True)
    assert step.perceptual.calls[1] == (5 * batch, True)


def test_features_are_run_on_needed_images_only():
    step = make_step()
    loss = build_loss({"recovery": {"weight": 1.0}})
    assert loss.needs == {"recogniser": ("x", "x_dec")}
    loss(run_step(step))
    assert step.recogniser.calls == [(3, False), (3, True)]


def test_terms_and_config_files_are_the_same_set():
    assert {path.stem for path in (CONF / "loss").glob("*.yaml")} == set(LOSSES)
    assert {path.stem for path in (CONF / "loss" / "term").glob("*.yaml")} == set(TERMS)
    for path in (CONF / "loss").rglob("*.yaml"):
        assert path.read_text().startswith("# riddle-train "), path.name


@pytest.mark.parametrize("name", TERMS)
def test_each_term_has_a_config_entry_that_builds(name):
    settings = compose_loss(name)
    assert set(build_loss({name: settings}).terms) == {name}
    assert settings["weight"] > 0
    if name.endswith("_recovery"):
        assert list(settings["images"]) == ["x_dec"]
    else:
        assert TERMS[name]().weight == settings["weight"]  # type: ignore[call-arg]  # each term has a default


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_config_runs(name):
    step = make_step()
    total, values = build_loss(compose_loss(name))(run_step(step))
    assert torch.isfinite(total)
    assert ("diversity" in values) == (name not in ("codes", "photo_codes"))


def test_the_loss_on_codes_draws_no_picture_and_needs_no_network():
    step = make_step()
    step.generator.forward = None  # type: ignore[assignment]  # to call it is an error
    loss = build_loss(compose_loss("codes"))
    assert loss.needs == {}
    assert all(slope.any() for slope in gradients(step, loss(run_step(step))[0]))
    assert step.recogniser.calls == []


def test_paper_config_has_the_authors_weights():
    terms = build_loss(compose_loss("paper")).terms
    assert terms["perceptual"].weight == 1
    assert terms["pixel"].weight == 0.05
    assert terms["pixel"].images == terms["perceptual"].images == PRODUCED
    identity = ("deidentification", "wrong_password", "diversity")
    assert {terms[name].margin for name in identity} == {0.1}
    assert {terms[name].weight for name in (*identity, "recovery")} == {1}


def test_an_ablation_is_an_override():
    loss = build_loss(compose_loss("paper", "~loss.parse", "loss.latent.images=[x_dec]", "loss.diversity=null"))
    assert "parse" not in loss.terms
    assert "diversity" not in loss.terms
    assert isinstance(loss.terms["latent"], LatentLoss)
    assert loss.terms["latent"].images == ("x_dec",)
