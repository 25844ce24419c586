"""A failure here: the pack would ship weights that no training produced."""

import torch
from torch import nn

from riddle_pl.pretraining.average import Averaged


def test_moves_by_the_half_life_once_it_is_reached() -> None:
    network = nn.Linear(2, 2)
    average = Averaged(network, half_life=10.0, ramp_up=1000.0)
    before = average.module.weight.clone()
    with torch.no_grad():
        network.weight += 1.0
    average.update(network, batch=10)
    torch.testing.assert_close(average.module.weight, before + 0.5)
    assert average.images == 10


def test_forgets_the_first_weights_quickly() -> None:
    network = nn.Linear(2, 2)
    average = Averaged(network, half_life=1e6)
    with torch.no_grad():
        network.weight += 1.0
    average.update(network, batch=16)
    torch.testing.assert_close(average.module.weight, network.weight, atol=1e-3, rtol=0)


def test_buffers_are_copied_and_the_network_is_left_alone() -> None:
    network = nn.BatchNorm1d(3)
    average = Averaged(network)
    network(torch.randn(8, 3) + 5.0)
    average.update(network, batch=8)
    assert torch.equal(average.module.running_mean, network.running_mean)
    assert not average.module.training
    assert network.training
    assert all(not p.requires_grad for p in average.module.parameters())
    assert all(p.requires_grad for p in network.parameters())
