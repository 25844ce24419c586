"""A failure here: training would use the wrong passwords, log the wrong numbers or accept another pack's checkpoint."""

from pathlib import Path
from typing import Any

import pytest
import torch

from riddle_pl.errors import CheckpointError, ConfigError, PackError
from riddle_pl.losses import StepFeatures, build_loss
from riddle_pl.packs import Manifest, Pack
from riddle_pl.training.build import build_data, build_module, build_trainer, load_networks
from riddle_pl.training.module import RiddleModule
from riddle_pl.training.origin import CHECKPOINT_KEY
from tests.training.jobs import small_job


@pytest.fixture(scope="module")
def module(tiny_pack: Pack) -> RiddleModule:
    return build_module(small_job(tiny_pack.folder), tiny_pack)


def test_only_the_encryptor_is_trained_and_saved(module: RiddleModule) -> None:
    assert all(name.startswith("encryptor.") for name in module.state_dict())
    trained = {id(p) for group in module.configure_optimizers()["optimizer"].param_groups for p in group["params"]}
    assert trained == {id(p) for p in module.encryptor.parameters()}


def test_the_seed_gives_the_weights(tiny_pack: Pack, module: RiddleModule) -> None:
    torch.manual_seed(99)
    same, other = (build_module(small_job(tiny_pack.folder, [f"seed={seed}"]), tiny_pack) for seed in (0, 1))
    first, twin, stranger = (m.state_dict()["encryptor.output.weight"] for m in (module, same, other))
    assert torch.equal(first, twin)
    assert not torch.equal(first, stranger)


@pytest.mark.parametrize(
    ("overrides", "statistic"),
    [
        (["encryptor=transformer", "encryptor.depth=1", "encryptor.ffn=16"], "w_std"),
        (["encryptor=involutive", "encryptor.depth=1", "encryptor.hidden=16"], "scale"),
    ],
    ids=["transformer", "involutive"],
)
def test_a_run_begins_with_the_spread_of_its_codes(
    tiny_pack: Pack, tmp_path: Path, overrides: list[str], statistic: str
) -> None:
    job = small_job(tiny_pack.folder, overrides, False)
    module = build_module(job, tiny_pack)
    assert torch.equal(getattr(module.encryptor, statistic), torch.ones(512))
    build_trainer(job, tmp_path, False).fit(module, datamodule=build_data(job, tiny_pack))
    assert not torch.equal(getattr(module.encryptor, statistic), torch.ones(512))


@pytest.mark.parametrize(
    "overrides",
    [
        ["encryptor=transformer", "encryptor.depth=1", "encryptor.ffn=16"],
        ["encryptor=transformer_paper", "password=single_token", "encryptor.groups=[3,3,2]", "encryptor.ffn=16"],
        ["encryptor=involutive", "encryptor.depth=1", "encryptor.hidden=16"],
        ["encryptor=mlp", "password=single_token"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_every_weight_takes_part_as_ddp_demands(tiny_pack: Pack, overrides: list[str]) -> None:
    module = build_module(small_job(tiny_pack.folder, overrides, False), tiny_pack)
    w = torch.randn(1, 8, 512)
    total, _ = module.loss(module._step(w, *module.draw_passwords(1, torch.Generator().manual_seed(0))))
    total.backward()
    # None would stop DDP; zeros (query and key of the paper's cross-attention) do not
    assert not [name for name, p in module.encryptor.named_parameters() if p.grad is None]
    assert all(p.grad is None for p in module.generator.network.parameters())


def test_hyperparameters_are_plain(module: RiddleModule) -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(k, str) and plain(v) for k, v in value.items())
        if isinstance(value, (list, tuple)):
            return all(map(plain, value))
        return value is None or isinstance(value, (bool, int, float, str))

    assert module.hparams
    assert plain(dict(module.hparams))


def test_validation_measures_every_term_and_the_cosines(module: RiddleModule, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, float] = {}
    monkeypatch.setattr(module, "log_dict", lambda values, **_: seen.update(values))
    w = torch.randn(2, 8, 512)
    faces = torch.tensor([4, 7])
    images = module.eval().validation_step({"w": w, "face": faces}, 0)
    assert set(images) == {"x", "x_enc1", "x_enc2", "x_dec", "x_wrong1", "x_wrong2"}
    assert {f"val/loss/{name}" for name in module.loss.terms} | {"val/loss/total"} <= set(seen)
    assert {f"val/cosine/{name}" for name in ("deid", "recovery", "wrong_password")} <= set(seen)
    again = module.validation_step({"w": w, "face": faces}, 3)
    assert all(torch.equal(images[name], again[name]) for name in images)  # the same passwords every time
    alone = module.validation_step({"w": w[1:], "face": faces[1:]}, 0)
    torch.testing.assert_close(alone["x_enc1"], images["x_enc1"][1:])  # and in every batch
    other = module.validation_step({"w": w, "face": faces + 1}, 0)
    assert not torch.equal(other["x_enc1"], images["x_enc1"])


def test_only_training_moves_what_the_recogniser_sees(tiny_pack: Pack, tmp_path: Path) -> None:
    job = small_job(tiny_pack.folder, ["views=random", "views.count=3"])
    module = build_module(job, tiny_pack)
    taken: list[tuple[bool, int]] = []
    take = module._step

    def step(*args: Any, **kwargs: Any) -> StepFeatures:
        features: StepFeatures = take(*args, **kwargs)
        taken.append((module.training, len(features.views)))
        return features

    module._step = step  # type: ignore[assignment]  # the same step, watched
    build_trainer(job, tmp_path, False).fit(module, datamodule=build_data(job, tiny_pack))
    assert set(taken) == {(True, 3), (False, 1)}


def test_a_checkpoint_of_other_networks_is_refused(module: RiddleModule) -> None:
    checkpoint: dict[str, dict[str, object]] = {}
    module.on_save_checkpoint(checkpoint)
    module.on_load_checkpoint(checkpoint)
    ours = checkpoint[CHECKPOINT_KEY]["sha256"]["generator"]  # type: ignore[index]
    checkpoint[CHECKPOINT_KEY]["sha256"]["generator"] = "f" * 64  # type: ignore[index]
    with pytest.raises(CheckpointError, match=f"generator f{{16}} .*generator {ours[:16]}"):
        module.on_load_checkpoint(checkpoint)
    with pytest.raises(CheckpointError, match="not written by riddle-train"):
        module.on_load_checkpoint({})


def test_a_checkpoint_of_other_tokens_is_refused(module: RiddleModule) -> None:
    checkpoint: dict[str, dict[str, object]] = {}
    module.on_save_checkpoint(checkpoint)
    checkpoint[CHECKPOINT_KEY]["tokens"] = "single"
    with pytest.raises(CheckpointError, match=r"single.*per_layer.*password=single_token"):
        module.on_load_checkpoint(checkpoint)


def test_missing_weights_are_one_line(module: RiddleModule) -> None:
    state = module.state_dict()
    state.pop("encryptor.output.weight")
    with pytest.raises(CheckpointError, match=r"encryptor\.output\.weight") as error:
        module.load_state_dict(state)
    assert "\n" not in str(error.value)


def test_a_pack_without_a_needed_network(tiny_pack: Pack) -> None:
    bare = Pack(Manifest("bare", tiny_pack.size, {"generator": tiny_pack.entry("generator")}), tiny_pack.folder)
    loss = build_loss({"recovery": {"weight": 1.0}})
    with pytest.raises(PackError, match="recogniser"):
        load_networks(bare, loss)


def test_an_encryptor_that_does_not_fit_is_a_config_error(tiny_pack: Pack) -> None:
    cfg = small_job(tiny_pack.folder)
    cfg.encryptor = {
        "_target_": "riddle_pl.networks.encryptors.transformer_paper.TransformerPaperEncryptor"
    }  # needs nine layers or groups
    with pytest.raises(ConfigError, match=r"encryptor .*8 layers"):
        build_module(cfg, tiny_pack)
