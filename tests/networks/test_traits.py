"""If this fails, candidates are compared by a sex, an age or glasses that no face has."""

import math

import pytest
import torch
import torch.nn.functional as F

from riddle_pl.networks.traits import Traits
from riddle_pl.pretraining.traits import traits_of


def test_a_linear_trait_is_found_from_the_faces_that_have_it() -> None:
    rng = torch.Generator().manual_seed(0)
    x = F.normalize(torch.randn(400, 6, generator=rng), dim=1)
    traits = torch.stack([2 * x[:, 0] - 0.1, 3 + x[:, 1], x[:, 2], x[:, 3]], dim=1)
    traits[::3, 0] = math.nan
    traits[1::3, 1] = math.nan
    network = Traits(6)
    network.fit(x, traits, ridge=1e-6)
    torch.testing.assert_close(network(x)[:, 0], 2 * x[:, 0] - 0.1, rtol=0, atol=1e-3)
    torch.testing.assert_close(network(x)[:, 1], 3 + x[:, 1], rtol=0, atol=1e-3)
    torch.testing.assert_close(network(x)[:, 2], x[:, 2], rtol=0, atol=1e-3)
    torch.testing.assert_close(network(x)[:, 3], x[:, 3], rtol=0, atol=1e-3)
    network.fit(x, traits, ridge=1e6)
    assert network.linear.weight.abs().max() < 1e-3


def test_a_trait_that_nobody_has_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face with a known age"):
        Traits(2).fit(torch.eye(2), torch.tensor([[1.0, math.nan, 0.0, 0.0], [-1.0, math.nan, 1.0, 0.0]]), 1.0)


def test_what_names_tell() -> None:
    synthetic = ["synthetic_128/synthetic/a_1_female_asian.jpg", "synthetic_128/b_male.jpg"]
    aged = ["aaf_128/aaf/00924A16.jpg", "aaf_128/aaf/07380A80.jpg", "aaf_128/aaf/07381A02.jpg"]
    expected = torch.tensor([[-1.0, math.nan], [1.0, math.nan], [-1.0, 1.6], [-1.0, 8.0], [1.0, 0.2]])
    torch.testing.assert_close(traits_of([*synthetic, *aged, "x/b_550.jpg"])[:5], expected, equal_nan=True)
    assert traits_of(["x/b_550.jpg"]).isnan().all()
