"""A failure here: data-free training would compute something else than T on all layers, or everything several times."""

import copy

import pytest
import torch
from torch import nn

from riddle_pl.losses import RiddleLoss, build_loss
from riddle_pl.losses.code_space import CodeSpace
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.networks.stylegan2 import Generator
from riddle_pl.packs import Pack
from riddle_pl.training.build import build_data, build_module, build_trainer
from riddle_pl.training.equal_layers import OnePerGroup
from riddle_pl.training.module import RiddleModule
from riddle_pl.training.step import EncryptionStep
from tests.training.jobs import small_job

DIM = 16
CODES = {
    "deidentification_codes": {"weight": 1.0, "margin": -0.9},
    "recovery_codes": {"weight": 1.0},
    "wrong_password_codes": {"weight": 1.0, "margin": -0.9},
    "diversity_codes": {"weight": 1.0, "margin": -0.9},
    "ciphertext_codes": {"weight": 1.0, "margin": -0.9},
    "latent_recovery": {"weight": 0.5, "images": ["x_dec"], "whitened": True},
    "latent": {"weight": 0.5},
    "typical": {"weight": 1.0, "images": ["x_enc1", "x_wrong2"]},
    "pixel": {"weight": 1.0},
}


def double_step() -> EncryptionStep:
    torch.manual_seed(0)
    generator = Generator(32, {4: 4, 8: 4, 16: 4, 32: 4}, style_dim=DIM, mapping_layers=2)
    encryptor = TransformerPaperEncryptor(8, (4, 3, 1), dim=DIM, ffn=16, dropout=0.0)
    space = CodeSpace(torch.randn(100, DIM, dtype=torch.float64))
    return EncryptionStep(encryptor.double(), generator.double().requires_grad_(False), code_space=space)


def value_and_gradients(step: EncryptionStep, loss: RiddleLoss) -> list[torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    codes = [torch.randn(3, 1, DIM, generator=rng, dtype=torch.float64).expand(-1, 8, -1) for _ in range(5)]
    total, _ = loss(step(*codes))
    return [total, *torch.autograd.grad(total, [*step.encryptor.parameters()])]


def test_one_token_per_group_gives_the_same_loss_and_gradients() -> None:
    whole, short = double_step(), double_step()
    short.one_per_group = OnePerGroup(short.encryptor)  # type: ignore[arg-type]  # a module, which works in groups
    sizes: list[int] = []
    short.encryptor.layers[0].register_forward_pre_hook(lambda module, args: sizes.append(args[0].shape[1]))  # type: ignore[index]
    loss = build_loss(CODES)
    for ours, theirs in zip(value_and_gradients(short, loss), value_and_gradients(whole, loss), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    assert set(sizes) == {1}  # of the group's four


NO_FILES = ("logger=none", "callbacks.last=null", "callbacks.grid=null")
PAPER = ("encryptor=transformer_paper", "encryptor.groups=[3,3,2]", "encryptor.ffn=16", "encryptor.dropout=0.0")
SINGLE = "password=single_token"


def fitted(pack: Pack, tmp_path, *overrides: str) -> RiddleModule:  # type: ignore[no-untyped-def]
    stage = ("stage=codes", "scheduler.warmup_steps=0", "batch_size=2")
    job = small_job(pack.folder, [*stage, *overrides, "steps=1", *NO_FILES], False, loss=())
    module = build_module(job, pack)
    build_trainer(job, tmp_path, False).fit(module, datamodule=build_data(job, pack))
    return module


def test_a_run_works_on_one_token_per_group_where_layers_are_equal(tiny_pack: Pack, tmp_path) -> None:  # type: ignore[no-untyped-def]
    module = fitted(tiny_pack, tmp_path, *PAPER, SINGLE)
    assert module._step.one_per_group is not None
    assert module._step.one_per_group.first == [0, 3, 6]


@pytest.mark.parametrize(
    "overrides",
    [
        (*PAPER, SINGLE, "data.style_mixing=0.5"),
        (*PAPER, "password=per_layer"),
        (*PAPER[:-1], SINGLE, "encryptor.dropout=0.1"),
        (*PAPER, SINGLE, "encryptor.position_embedding=true", "encryptor.start=usual", "encryptor.standardised=false"),
        ("encryptor=mlp", SINGLE),
    ],
    ids=["people mixed", "tokens per layer", "dropout", "position embedding", "no groups"],
)
def test_and_on_all_layers_where_they_are_not(tiny_pack: Pack, tmp_path, overrides: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    assert fitted(tiny_pack, tmp_path, *overrides)._step.one_per_group is None


def test_a_step_of_training_is_the_same_either_way(tiny_pack: Pack, tmp_path) -> None:  # type: ignore[no-untyped-def]
    short = fitted(tiny_pack, tmp_path, *PAPER, SINGLE)
    weights = copy.deepcopy(short.encryptor.state_dict())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("riddle_pl.data.DataFreeDataModule.equal_layers", False)
        whole = fitted(tiny_pack, tmp_path, *PAPER, SINGLE)
    assert whole._step.one_per_group is None
    for name, value in whole.encryptor.state_dict().items():
        if "in_proj" not in name:  # Adam makes whole steps of rounding errors where the gradient is zero
            torch.testing.assert_close(weights[name], value, rtol=1e-4, atol=1e-4, msg=name)


def test_the_encryptor_is_used_and_not_owned() -> None:
    encryptor = TransformerPaperEncryptor(8, (4, 3, 1), dim=DIM, ffn=16, dropout=0.0)
    assert not isinstance(OnePerGroup(encryptor), nn.Module)
