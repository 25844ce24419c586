"""A network would compute something else than it did when its public checkpoints were verified to work."""

import json

import pytest
import torch

from tests.networks.cases import CASES, GOLDEN, PUBLIC, fingerprint, keys_and_shapes, summary

golden = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_outputs_are_the_golden_ones(name: str) -> None:
    expected, actual = golden["outputs"][name], summary(CASES[name].output(name))
    assert actual["shape"] == expected["shape"]
    difference = torch.tensor(actual["values"]) - torch.tensor(expected["values"])
    assert difference.abs().max() / expected["std"] < 1e-4


@pytest.mark.parametrize("name", PUBLIC)
def test_keys_and_shapes_are_the_public_ones(name: str) -> None:
    assert fingerprint(keys_and_shapes(PUBLIC[name])) == golden["keys"][name]


@pytest.mark.parametrize("name", CASES)
def test_eval_is_repeatable_and_the_same_in_channels_last(name: str) -> None:
    first = CASES[name].output(name)
    assert torch.equal(CASES[name].output(name), first)
    difference = CASES[name].output(name, channels_last=True) - first
    assert difference.abs().max() / first.std() < 1e-4
