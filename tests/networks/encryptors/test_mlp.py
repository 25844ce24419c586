"""The ablation without transformer would not be the paper's."""

import pytest
import torch

from riddle_pl.networks.encryptors.mlp import MLPEncryptor


def test_layers_are_encrypted_apart_by_the_same_weights() -> None:
    torch.manual_seed(0)
    encryptor = MLPEncryptor(6, extra_layers=2, dim=8)
    w, w_pwd = torch.randn(2, 6, 8), torch.randn(2, 6, 8)
    out, order = encryptor(w, w_pwd), torch.randperm(6)
    assert out.shape == w.shape
    torch.testing.assert_close(encryptor(w[:, order], w_pwd[:, order]), out[:, order])


def test_the_password_matters() -> None:
    torch.manual_seed(0)
    encryptor, w = MLPEncryptor(6, dim=8), torch.randn(1, 6, 8)
    assert not torch.allclose(encryptor(w, torch.randn_like(w)), encryptor(w, torch.randn_like(w)))


def test_another_number_of_layers_is_an_error() -> None:
    with pytest.raises(ValueError, match="18 layers; this encryptor was made for 14"):
        MLPEncryptor(14, dim=8)(torch.zeros(1, 18, 8), torch.zeros(1, 18, 8))
