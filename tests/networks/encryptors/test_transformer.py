"""The remedied encryptor would still have a weakness of the paper's that it is chosen to avoid."""

import pytest
import torch
from torch import Tensor

from riddle_pl.networks.encryptors.transformer import TransformerEncryptor


@pytest.fixture
def encryptor() -> TransformerEncryptor:
    torch.manual_seed(0)
    return TransformerEncryptor(8, dim=16, heads=4, ffn=32, depth=2)


def latents() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 8, 16), torch.randn(2, 1, 16).expand(-1, 8, -1)


def test_every_parameter_learns_even_from_a_single_password_token(encryptor: TransformerEncryptor) -> None:
    encryptor(*latents()).pow(3).sum().backward()
    for name, parameter in encryptor.named_parameters():
        assert parameter.grad is not None, name
        parts = parameter.grad.chunk(3) if name.endswith("in_proj_weight") else [parameter.grad]
        for part in parts:
            assert part.abs().max() > 1e-6, name


def test_layers_are_told_apart(encryptor: TransformerEncryptor) -> None:
    w, w_pwd = latents()
    order = torch.randperm(8)
    assert not torch.allclose(encryptor(w[:, order], w_pwd), encryptor(w, w_pwd)[:, order], atol=1e-2)


@pytest.mark.parametrize("side", ["w", "w_pwd"])
def test_every_layer_sees_every_other(encryptor: TransformerEncryptor, side: str) -> None:
    given = dict(zip(("w", "w_pwd"), latents(), strict=True))
    changed = {**given, side: given[side].clone()}
    changed[side][:, 7] += 1
    difference = (encryptor(**changed) - encryptor(**given)).abs().amax(dim=(0, 2))
    assert (difference > 1e-4).all()


def test_the_scale_of_the_code_is_not_lost(encryptor: TransformerEncryptor) -> None:
    w, w_pwd = latents()
    small, large = (encryptor(scale * w, w_pwd).norm() for scale in (1, 100))
    assert large > 10 * small


def test_training_and_eval_agree_by_default(encryptor: TransformerEncryptor) -> None:
    w, w_pwd = latents()
    torch.testing.assert_close(encryptor.train()(w, w_pwd), encryptor.eval()(w, w_pwd))


def test_output_starts_within_the_latent_distribution() -> None:
    torch.manual_seed(0)
    mean, std = torch.randn(512), torch.rand(512) + 0.1
    encryptor = TransformerEncryptor(10)
    encryptor.set_latent_statistics(mean, std)
    with torch.no_grad():
        out = encryptor(mean + std * torch.randn(4, 10, 512), mean + std * torch.randn(4, 10, 512))
    spread = ((out - mean) / std).std().item()
    assert 0.5 < spread < 2.5


def test_the_statistics_shift_and_scale_the_whole_map(encryptor: TransformerEncryptor) -> None:
    w, w_pwd = latents()
    plain = encryptor(w, w_pwd)
    mean, std = torch.randn(16), torch.rand(16) + 0.5
    encryptor.set_latent_statistics(mean, std)
    torch.testing.assert_close(encryptor(mean + std * w, mean + std * w_pwd), mean + std * plain)
    reloaded = TransformerEncryptor(8, dim=16, heads=4, ffn=32, depth=2)
    reloaded.load_state_dict(encryptor.state_dict())
    assert torch.equal(reloaded.w_std, std)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (torch.zeros(15), torch.ones(15), "shapes"),
        (torch.zeros(16), torch.zeros(16), "positive"),
        (torch.zeros(16), torch.full((16,), torch.nan), "positive"),
        (torch.full((16,), torch.inf), torch.ones(16), "finite"),
    ],
)
def test_bad_statistics_are_errors(encryptor: TransformerEncryptor, mean: Tensor, std: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encryptor.set_latent_statistics(mean, std)


def test_other_layers_and_heads_are_errors(encryptor: TransformerEncryptor) -> None:
    with pytest.raises(ValueError, match="14 layers; this encryptor was made for 8"):
        encryptor(torch.zeros(1, 14, 16), torch.zeros(1, 14, 16))
    with pytest.raises(ValueError, match="multiple of the number of heads, 5"):
        TransformerEncryptor(8, dim=16, heads=5)
