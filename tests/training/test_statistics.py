"""A failure here: an encryptor would normalise by other codes than those it encrypts."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from riddle_pl.networks.encryptors.involutive import InvolutiveEncryptor
from riddle_pl.networks.encryptors.mlp import MLPEncryptor
from riddle_pl.networks.encryptors.transformer_paper import TransformerPaperEncryptor
from riddle_pl.training.statistics import fit_to_codes


class Records(nn.Module):
    mean: torch.Tensor
    std: torch.Tensor

    def set_latent_statistics(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        self.mean, self.std = mean, std


def codes() -> torch.Tensor:
    scale = torch.tensor([4.0, 2.0, 1.0, 0.5])
    return torch.randn(500, 3, 4, generator=torch.Generator().manual_seed(0)) * scale + 3.0


def test_mean_and_deviation_are_over_faces_and_layers() -> None:
    w, told = codes(), Records()
    fit_to_codes(told, w)
    torch.testing.assert_close(told.mean, w.mean(dim=(0, 1)))
    torch.testing.assert_close(told.std, w.flatten(0, 1).std(dim=0))


def test_the_leading_components_are_those_of_the_codes() -> None:
    encryptor = InvolutiveEncryptor(3, dim=4, rank=2, hidden=8, heads=2, depth=1)
    fit_to_codes(encryptor, codes())
    torch.testing.assert_close(encryptor.scale, torch.tensor([4.0, 2.0, 1.0, 0.5]), rtol=0.1, atol=0.0)
    assert encryptor.basis[0, 0].abs() > 0.99


def test_an_encryptor_that_asks_for_nothing_is_left_alone() -> None:
    fit_to_codes(nn.Linear(4, 4), codes())


@pytest.mark.parametrize(
    "build", [partial(TransformerPaperEncryptor, 3, (1, 2), dim=64, heads=2, ffn=64), partial(MLPEncryptor, 3, dim=64)]
)
def test_the_papers_encryptors_start_where_the_codes_are(build: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    encryptor = build().eval()
    w = torch.randn(500, 3, 64) * torch.linspace(0.5, 4.0, 64) + 3.0
    w_pwd = torch.randn(500, 3, 64)

    def away() -> float:
        with torch.no_grad():
            distance = (encryptor(w, w_pwd).mean(dim=(0, 1)) - w.mean(dim=(0, 1))).norm()
        return float(distance / w.flatten(0, 1).std(dim=0).norm())

    assert away() > 1.0
    fit_to_codes(encryptor, w)
    assert away() < 0.9


def test_without_norms_the_attention_alone_learns_of_the_codes() -> None:
    encryptor = TransformerPaperEncryptor(3, (1, 2), dim=4, heads=2, ffn=8, norm="none")
    before = {key: value.clone() for key, value in encryptor.state_dict().items()}
    fit_to_codes(encryptor, codes())
    changed = {key for key, value in encryptor.state_dict().items() if not torch.equal(value, before[key])}
    assert {key.rpartition(".")[2] for key in changed} == {"in_proj_bias"}


def test_the_papers_transformer_starts_near_its_input_and_heeds_the_password() -> None:
    torch.manual_seed(0)
    encryptor = TransformerPaperEncryptor(4, (2, 2), dim=64, heads=4, ffn=64).eval()
    w, w_pwd, w_other = (6.0 + torch.randn(3, 200, 4, 64)).unbind()

    def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
        mean = a.mean(dim=(0, 1))
        return float(nn.functional.cosine_similarity(a - mean, b - mean, dim=2).mean())

    fit_to_codes(encryptor, w)
    with torch.no_grad():
        w_enc, w_enc2 = encryptor(w, w_pwd), encryptor(w, w_other)
    assert likeness(w, w_enc) > 0.6
    assert 0.6 < likeness(w_enc, w_enc2) < 0.95
