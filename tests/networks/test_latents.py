"""An encryptor would take latents of another pack, or one password token for all layers, without a word."""

import pytest
import torch

from riddle_pl.networks.latents import check_latents


def test_latents_that_fit_pass() -> None:
    check_latents(torch.zeros(2, 6, 4), torch.zeros(2, 6, 4), 6)


def test_errors_name_both_sides() -> None:
    with pytest.raises(ValueError, match="w has 18 layers; this encryptor was made for 14"):
        check_latents(torch.zeros(2, 18, 4), torch.zeros(2, 18, 4), 14)
    with pytest.raises(ValueError, match=r"w_pwd has shape \(2, 1, 4\); expected that of w, \(2, 6, 4\)"):
        check_latents(torch.zeros(2, 6, 4), torch.zeros(2, 1, 4), 6)
