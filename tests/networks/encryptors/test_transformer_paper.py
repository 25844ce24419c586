"""The paper's encryptor would not be the paper's, or its documented weaknesses would be hidden or misdescribed."""

import pytest
import torch
from torch import Tensor

from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor, default_groups

SMALL = {"dim": 16, "heads": 4, "ffn": 32}


def latents(layers: int = 10, dim: int = 16) -> tuple[Tensor, Tensor]:
    """Codes, and a password latent repeated over all layers."""
    torch.manual_seed(0)
    return torch.randn(2, layers, dim), torch.randn(2, 1, dim).expand(-1, layers, -1)


@pytest.mark.parametrize(("layers", "groups"), [(10, (4, 4, 2)), (14, (4, 4, 6)), (18, (4, 4, 10))])
def test_groups(layers: int, groups: tuple[int, ...]) -> None:
    assert default_groups(layers) == groups


def test_too_few_layers_for_the_papers_groups_is_an_error() -> None:
    with pytest.raises(ValueError, match="8 layers cannot be split"):
        TransformerPaperEncryptor(8, **SMALL)
    assert TransformerPaperEncryptor(8, groups=(4, 4), **SMALL)(*latents(8)).shape == (2, 8, 16)


def test_arguments_that_do_not_fit_are_errors() -> None:
    with pytest.raises(ValueError, match="sum to 9; expected 10 layers"):
        TransformerPaperEncryptor(10, groups=(4, 4, 1), **SMALL)
    with pytest.raises(ValueError, match="dim is 18; expected a multiple"):
        TransformerPaperEncryptor(10, dim=18, heads=4)
    w, w_pwd = latents(14)
    with pytest.raises(ValueError, match="14 layers; this encryptor was made for 10"):
        TransformerPaperEncryptor(10, **SMALL)(w, w_pwd)


def test_repeated_password_makes_cross_attention_a_constant() -> None:
    w, w_pwd = latents()
    encryptor = TransformerPaperEncryptor(10, **SMALL).eval()
    attention = encryptor.layers[0].multihead_attn
    out, _ = attention(w[:, :4], w_pwd[:, :4], w_pwd[:, :4])
    value = w_pwd[:, :4] @ attention.in_proj_weight[32:].T + attention.in_proj_bias[32:]
    torch.testing.assert_close(out, attention.out_proj(value))

    encryptor.double()(w.double(), w_pwd.double()).square().sum().backward()
    gradient = attention.in_proj_weight.grad
    assert gradient[:32].abs().max() < 1e-12 * gradient[32:].abs().max()


def test_per_layer_passwords_teach_queries_and_keys() -> None:
    w, _ = latents()
    encryptor = TransformerPaperEncryptor(10, **SMALL).eval()
    encryptor(w, torch.randn_like(w)).pow(3).sum().backward()
    gradient = encryptor.layers[0].multihead_attn.in_proj_weight.grad
    assert gradient[:16].abs().max() > 1e-3 * gradient[32:].abs().max()
    assert gradient[16:32].abs().max() > 1e-3 * gradient[32:].abs().max()


@pytest.mark.parametrize("position", [False, True])
def test_only_a_position_embedding_tells_the_tokens_of_a_group_apart(position: bool) -> None:
    w, w_pwd = latents()
    encryptor = TransformerPaperEncryptor(10, position_embedding=position, **SMALL).eval()
    order = [1, 0, 3, 2, *range(4, 10)]
    with torch.no_grad():
        same = torch.allclose(encryptor(w[:, order], w_pwd), encryptor(w, w_pwd)[:, order], atol=1e-5)
    assert same is not position


def test_every_output_token_has_the_same_norm_at_the_start() -> None:
    w, w_pwd = latents(14, 512)
    with torch.no_grad():
        norms = TransformerPaperEncryptor(14).eval()(10 * w, w_pwd).norm(dim=-1)
    torch.testing.assert_close(norms, torch.full_like(norms, 512**0.5), rtol=1e-3, atol=0)


def test_eval_turns_dropout_off() -> None:
    w, w_pwd = latents()
    encryptor = TransformerPaperEncryptor(10, **SMALL)
    assert not torch.equal(encryptor(w, w_pwd), encryptor(w, w_pwd))
    encryptor.eval()
    assert torch.equal(encryptor(w, w_pwd), encryptor(w, w_pwd))


def test_a_group_does_not_see_another() -> None:
    w, w_pwd = latents()
    encryptor = TransformerPaperEncryptor(10, **SMALL).eval()
    changed = w.clone()
    changed[:, 0] += 1
    with torch.no_grad():
        difference = (encryptor(changed, w_pwd) - encryptor(w, w_pwd)).abs().amax(dim=(0, 2))
    assert (difference[:4] > 1e-4).all()
    assert (difference[4:] == 0).all()
