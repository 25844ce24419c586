"""A failure here: the generator or recogniser would be trained, saved or synchronised along with the encryptor."""

import copy

import pytest
import torch
from torch import nn

from riddle_pl.training.frozen import Frozen


class Parent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trained = nn.Linear(3, 3)
        self.frozen = Frozen(nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.BatchNorm1d(3)))


def test_is_out_of_sight() -> None:
    parent = Parent()
    assert set(parent.state_dict()) == {"trained.weight", "trained.bias"}
    assert {name for name, _ in parent.named_parameters()} == {"trained.weight", "trained.bias"}
    assert not list(parent.frozen.buffers())


def test_stays_in_eval_mode_without_weight_gradients() -> None:
    parent = Parent().train()
    assert not any(module.training for module in parent.frozen.network.modules())
    parent.requires_grad_(True)
    assert not any(p.requires_grad for p in parent.frozen.network.parameters())


def test_gradients_flow_through() -> None:
    parent = Parent()
    x = torch.randn(2, 3, requires_grad=True)
    parent.frozen(parent.trained(x)).sum().backward()
    assert x.grad is not None
    assert parent.trained.weight.grad is not None
    assert all(p.grad is None for p in parent.frozen.network.parameters())


def test_follows_the_parent_to_another_type_and_into_a_copy() -> None:
    parent = Parent().double()
    assert parent.frozen.network[0].weight.dtype == torch.float64
    twin = copy.deepcopy(parent)
    assert twin.frozen.network is not parent.frozen.network
    assert parent.to("meta").frozen.network[0].weight.device.type == "meta"


def test_strict_loading_still_reports_missing_weights() -> None:
    parent = Parent()
    with pytest.raises(RuntimeError, match=r"Missing key.*trained\.bias"):
        parent.load_state_dict({"trained.weight": parent.trained.weight})
    with pytest.raises(RuntimeError, match=r"Unexpected key.*frozen"):
        parent.load_state_dict(parent.state_dict() | {"frozen.0.weight": torch.zeros(1)})
